"""Generates the Python side of the `.proto` files: `python protos/generate.py [FOLDER]`, by default beside them."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent


def include_folders() -> list[str]:
    """Where imports are found: this folder, Google's well-known types, and `google.rpc`."""
    folders = [str(ROOT)]
    for package in ("grpc_tools._proto", "google.rpc"):
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit(f"{package} is not installed: run `make install-test`")
        folders.append(next(iter(spec.submodule_search_locations)))
    folders[-1] = str(Path(folders[-1]).parents[1])  # google/rpc is imported by its path below site-packages
    return folders


def proto_files() -> list[str]:
    """The `.proto` files, as paths below the proto root, in order."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "vpi").rglob("*.proto"))


def protoc_run(*options: str) -> None:
    """Runs protoc over all the `.proto` files; ends the process with its message where it fails."""
    includes = [f"--proto_path={folder}" for folder in include_folders()]
    if protoc.main(["protoc", *includes, *options, *proto_files()]) != 0:
        raise SystemExit("protoc failed, see above")


def generate(folder: Path) -> None:
    """Writes `*_pb2.py`, `*_pb2_grpc.py` and the `.pyi` of both below `folder`, which exists."""
    plugins = Path(sys.executable).parent  # mypy-protobuf's, which protoc looks for on the search path
    os.environ["PATH"] = f"{plugins}{os.pathsep}{os.environ.get('PATH', '')}"
    stubs = (f"--mypy_out=quiet:{folder}", f"--mypy_grpc_out=quiet:{folder}")
    protoc_run(f"--python_out={folder}", f"--grpc_python_out={folder}", *stubs)


def write_descriptors(path: Path) -> None:
    """Writes one descriptor set with comments and all imports, which tools such as buf read in place of the sources."""
    protoc_run("--include_imports", "--include_source_info", f"--descriptor_set_out={path}")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)

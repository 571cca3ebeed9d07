"""The committed Python side of the protos is what the pinned generator writes."""

import subprocess
import sys
from pathlib import Path

PROTOS = Path(__file__).resolve().parents[2] / "protos"


def generated_files(root: Path) -> dict[str, bytes]:
    """The content of each generated file below a folder, by its path there."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*_pb2*.py*") if path.is_file()}


def test_generated_files_are_fresh(tmp_path: Path) -> None:
    subprocess.run([sys.executable, PROTOS / "generate.py", tmp_path], check=True, timeout=120)

    fresh = generated_files(tmp_path)
    committed = {name: data for name, data in generated_files(PROTOS).items() if "__pycache__" not in name}
    assert len(fresh) == 4 * len(list(PROTOS.rglob("*.proto"))), "a .proto gives four generated files"
    stale = sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))
    assert not stale, f"not what the .proto files say, run `make protos` and commit: {stale}"

"""The protos follow buf's STANDARD rules, say what each of their parts means, and declare only what is served."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from tests.interop.node import Node

PROTOS = Path(__file__).resolve().parents[2] / "protos"
SERVED = {
    "EvaluationService": ["Evaluate", "EvaluateBatch", "EvaluateStream"],
    "RulesService": ["ListVersions", "GetVersion", "CheckRules", "PublishVersion", "DescribeVersion"],
    "UsageService": ["GetUsage", "ListEvaluations", "ListRefusedEvents", "VoidEvaluation"],
}


@pytest.fixture(scope="module")
def descriptors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A descriptor set of the protos, with comments and imports."""
    path = tmp_path_factory.mktemp("descriptors") / "vpi.binpb"
    write = "import sys, pathlib, generate; generate.write_descriptors(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", write, path], check=True, timeout=120, cwd=PROTOS)
    return path


@pytest.fixture(scope="module")
def files(descriptors: Path) -> list[FileDescriptorProto]:
    """The project's own files of that set."""
    everything = FileDescriptorSet.FromString(descriptors.read_bytes())
    return [file for file in everything.file if file.package.startswith("vpi.")]


def test_buf_standard_rules(descriptors: Path, node: Node) -> None:
    lint = [node.tool("buf"), "lint", str(descriptors), "--config", str(PROTOS / "buf.yaml")]
    done = subprocess.run(lint, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_has_a_comment(files: list[FileDescriptorProto]) -> None:
    bare = []
    for file in files:
        commented = {tuple(place.path) for place in file.source_code_info.location if place.leading_comments.strip()}
        # A path's even places are field numbers: of messages 4, enums 5 and services 6 in a file, and so on down.
        parts = [
            tuple(place.path)
            for place in file.source_code_info.location
            if place.path and place.path[0] in (4, 5, 6) and is_declaration(tuple(place.path))
        ]
        assert parts, file.name
        bare += [f"{file.name} {path}" for path in parts if path not in commented]
    assert not bare, f"say what it means, in which unit, and what always holds: {sorted(set(bare))}"


def is_declaration(path: tuple[int, ...]) -> bool:
    """Whether a place in a file is a message, a field, a oneof, an enum, an enum's value, a service or an rpc."""
    if len(path) % 2:
        return False
    kind, rest = path[0], path[2:]
    while kind == 4 and rest and rest[0] == 3:
        rest = rest[2:]
    return not rest or (len(rest) == 2 and rest[0] in {4: (2, 8, 4), 5: (2,), 6: (2,)}[kind])


def test_only_what_is_served_is_declared(files: list[FileDescriptorProto]) -> None:
    declared = {service.name: [rpc.name for rpc in service.method] for file in files for service in file.service}
    assert declared == SERVED


@pytest.mark.parametrize("name", ["evaluation", "rules", "usage"])
def test_stubs_import_as_generated(name: str) -> None:
    assert import_module(f"vpi.v1.{name}_pb2").DESCRIPTOR.package == "vpi.v1"
    assert import_module(f"vpi.v1.{name}_pb2_grpc").grpc

"""The rules that keep the code readable, each with what to do about it."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE_FOLDERS = ("dsl", "service", "protos", "rules", "tests")
OWN_PACKAGES = frozenset({"dsl", "service", "vpi", "tests"})
LONGEST_MODULE = 500
LONGEST_FUNCTION = 60

# The edges of the process: here, and nowhere else, any exception is turned into an answer, a status or an exit code.
BROAD_EXCEPT = frozenset({"service/access.py", "service/rpc/recorder/loop.py", "service/rpc/shield.py"})

# Where a binary floating point number is neither money nor units: how alike two names are.
FLOAT_DOORS = frozenset({"dsl/diagnostics/__init__.py"})

# What must not be in a file that others read: a place on one machine, or where one machine gets its packages.
MACHINE_PLACES = re.compile(
    r"(?<![\w.])/(?:home|Users|root|work|opt|tmp)/[\w.-]+|file://|\.pypi\.|pypi\.org/simple|pythonhosted\.org|registry\.npmjs"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
NOT_TEXT = frozenset({".parquet", ".png", ".ico", ".gz"})


@cache
def tracked() -> tuple[Path, ...]:
    """The files that are or would be committed."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout.decode().split("\0")
    return tuple(path for name in sorted(names) if name and (path := ROOT / name).is_file())


@cache
def modules() -> dict[str, ast.Module]:
    """Every hand-written module of the project, parsed, by its path."""
    found = {}
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and name.split("/")[0] in CODE_FOLDERS and "_pb2" not in path.name:
            found[name] = ast.parse(path.read_text(encoding="utf-8"), name)
    return found


def functions() -> Iterator[tuple[str, Function]]:
    """Every function and method, with the path of its module."""
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield name, node


def is_test(name: str) -> bool:
    """Whether a module's functions are tests, whose names say what they show."""
    return name.split("/")[-1].startswith("test_")


def report(places: list[str], advice: str) -> None:
    """Fails with the places, one a line, and what to do about them."""
    if places:
        pytest.fail(f"{advice}\n  " + "\n  ".join(places), pytrace=False)


def test_there_is_code_to_look_at() -> None:
    packages = {name.split("/")[0] for name in modules()}
    assert packages == set(CODE_FOLDERS)
    assert not any("_pb2" in name for name in modules())


def test_modules_are_short() -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in modules()}
    long = [f"{name}: {length} lines" for name, length in lengths.items() if length > LONGEST_MODULE]
    report(long, f"over {LONGEST_MODULE} lines; split where two thoughts meet:")


def test_functions_are_short() -> None:
    long = [
        f"{name}:{node.lineno}: {node.name} has {length} lines"
        for name, node in functions()
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    report(long, f"over {LONGEST_FUNCTION} lines; give a part of it a name:")


def test_modules_open_with_one_sentence() -> None:
    bare = []
    for name, tree in modules().items():
        first = (ast.get_docstring(tree) or "").split("\n\n")[0]
        if not first or first[-1] not in ".:?":
            bare.append(name)
    report(bare, "say in the first paragraph of the docstring, one sentence with a full stop, what the module is for:")


def test_public_names_are_documented() -> None:
    bare = []
    for name, tree in modules().items():
        if not is_test(name) and not name.endswith("conftest.py"):
            bare += [f"{name}:{node.lineno}: {node.name}" for node in undocumented(tree)]
    report(bare, "no docstring; say shapes, units and errors:")


def undocumented(owner: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """The public classes, functions and methods without a docstring, but those that a base class documents."""
    told = documented_above(owner.name) if isinstance(owner, ast.ClassDef) else set()
    for node in owner.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if ast.get_docstring(node) is None and node.name not in told:
                yield node
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node)


@cache
def classes() -> dict[str, list[ast.ClassDef]]:
    """Every class of the project by its name."""
    found: dict[str, list[ast.ClassDef]] = {}
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


@cache
def documented_above(name: str) -> set[str]:
    """The methods that have a docstring in a base class, or a base's base, of the classes with this name."""
    found: set[str] = set()
    for base in {named(base) for node in classes().get(name, []) for base in node.bases} - {name}:
        for node in classes().get(base, []):
            found |= {part.name for part in node.body if isinstance(part, Function) and ast.get_docstring(part)}
        found |= documented_above(base)
    return found


def test_own_code_is_imported_at_the_top() -> None:
    hidden = []
    for name, function in functions():
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            elif isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            else:
                continue
            hidden += [f"{name}:{node.lineno}: {module}" for module in imported if module.split(".")[0] in OWN_PACKAGES]
    report(hidden, "imported inside a function; move it to the top, and if that makes a cycle, move the code:")


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")
    report(
        lines_with(marks, {".py", ".proto", ".lark", ".vpi", ".md", ".toml", ".js"}),
        "do it now, or leave the mark out:",
    )


def lines_with(pattern: re.Pattern[str], suffixes: set[str] | None = None) -> list[str]:
    """The places in tracked files where a pattern is found; all text files unless suffixes are given."""
    found = []
    for path in tracked():
        if path.suffix in NOT_TEXT or (suffixes is not None and path.suffix not in suffixes):
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        name = path.relative_to(ROOT).as_posix()
        found += [
            f"{name}:{number}: {match[0]}" for number, line in enumerate(lines, 1) if (match := pattern.search(line))
        ]
    return found


def test_exceptions_are_named() -> None:
    broad = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node) and not passes_on(node)
        if name not in BROAD_EXCEPT
    ]
    report(broad, "catch the exceptions that can come; only the edges of the process catch all (BROAD_EXCEPT):")


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether a handler only tidies up, and ends in raising again what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Whether a handler has no type, or one that all errors have."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or named(kind) in ("Exception", "BaseException") for kind in kinds)


def named(node: ast.expr) -> str:
    """The last part of a name, `Thing` of `package.Thing` or `Thing[int]`; "" of anything else."""
    if isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_no_float_in_the_language() -> None:
    floats = []
    for name, tree in modules().items():
        if not name.startswith("dsl/") or name in FLOAT_DOORS:
            continue
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and named(node.func) == "float"
            written = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if isinstance(node, ast.expr) and (called or written):
                floats.append(f"{name}:{node.lineno}")
    report(floats, "a binary float; use an int, a Decimal or a Fraction, or name the door in FLOAT_DOORS:")


def test_no_place_of_one_machine() -> None:
    here = Path(__file__).relative_to(ROOT).as_posix()
    found = [place for place in lines_with(MACHINE_PLACES) if not place.startswith(here + ":")]
    report(found, "a place on one machine, or a package host; leave it out:")


def test_lock_files_have_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "tests/interop/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    wrong = [name for name, package in packages.items() if "resolved" in package or "integrity" not in package]
    report(wrong, "lock again with `npm install --package-lock-only --omit-lockfile-registry-resolved`:")

    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    line = re.compile(r"[a-z0-9.-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    report([text for text in pins.splitlines() if not line.fullmatch(text)], "run `make constraints`:")


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    missing = [line for line in wanted if re.split(r"[^A-Za-z0-9._-]", line)[0].lower() not in pinned]
    report(missing, "not in constraints.txt; run `make constraints`:")

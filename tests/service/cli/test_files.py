"""`vpi check`, `test` and `fmt`: what a pricing owner runs over her files, and all that can be wrong with those."""

import json
from pathlib import Path

import pytest

from tests.service.cli.running import RULES, SHOP, data_of, no_traceback, vpi, write_shop

WRONG = SHOP.replace("amount > 0", "amont > 0")
RAGGED = SHOP.replace("version   1", "version 1")
DIAGNOSTIC = {"id", "severity", "path", "line", "column", "end_line", "end_column", "message", "help"}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with `rules/shop/1.vpi`, and nothing else, as the current one."""
    monkeypatch.chdir(tmp_path)
    return write_shop(tmp_path)


# ── check ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("paths", [(), ("rules",), ("rules/shop/1.vpi",), ("shop@1",), ("rules", "shop@1")])
def test_check_finds_nothing_wrong(shop: Path, paths: tuple[str, ...]) -> None:
    result = vpi("check", *paths)
    assert (result.exit_code, result.output) == (0, "1 file checked, nothing wrong\n")


def test_check_of_the_shipped_rules() -> None:
    assert vpi("check", RULES).exit_code == 0
    assert vpi("test", RULES).exit_code == 0
    assert vpi("fmt", "--check", RULES).exit_code == 0


def test_check_says_what_is_wrong(shop: Path) -> None:
    shop.write_text(WRONG)
    result = vpi("check")
    assert result.exit_code == 1
    assert "rules/shop/1.vpi:10:21: error[unknown-attribute]: `sale` has no attribute `amont`" in result.output
    assert "help: did you mean `amount`?" in result.output
    assert result.output.endswith("\n1 error, 0 warnings in 1 file\n")


def test_check_as_json(shop: Path) -> None:
    assert data_of(vpi("check", "--json")) == {"files": 1, "errors": 0, "warnings": 0, "diagnostics": []}
    shop.write_text(WRONG)
    result = vpi("check", "--json")
    assert result.exit_code == 1
    data = data_of(result)
    assert (data["files"], data["errors"], data["warnings"]) == (1, 1, 0)
    (found,) = data["diagnostics"]
    assert set(found) == DIAGNOSTIC
    assert (found["id"], found["path"], found["line"], found["column"]) == (
        "unknown-attribute",
        "rules/shop/1.vpi",
        10,
        21,
    )


def test_a_warning_is_a_finding_only_where_that_is_asked(shop: Path) -> None:
    shop.write_text(SHOP + '\nexample "two percent"\n  sale (amount: 50)  =>  sold, 1 unit, 1.00\n')
    assert "warning[duplicate-example]" in vpi("check").output
    assert vpi("check").exit_code == 0
    assert vpi("check", "--strict").exit_code == 1


def test_files_that_no_place_fits(shop: Path) -> None:
    (shop.parent / "2.vpi").write_text(SHOP)
    result = vpi("check")
    assert result.exit_code == 1
    assert "error[unlike-place]" in result.output


@pytest.mark.parametrize("command", ["check", "test", "fmt"])
def test_what_cannot_be_read(shop: Path, command: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, said in (
        ("absent.vpi", "vpi: no such file or folder: absent.vpi\n"),
        ("empty", "vpi: no rule file (*.vpi) in empty\n"),
        ("shop@2", "vpi: no version 2 of shop: there is no rules/shop/2.vpi\n"),
        ("shop@0", "vpi: no such file or folder: shop@0\n"),
        ("shop@latest", "vpi: no such file or folder: shop@latest\n"),
        ("", "vpi: a path is empty; the folder that you are in is `.`\n"),
        ("a\nb", None),
        ("x" * 5000, None),
        ("/dev/null/x", None),
    ):
        result = vpi(command, path)
        assert result.exit_code == 2, path
        assert no_traceback(result.output)
        assert said is None or result.stderr == said


@pytest.mark.parametrize("command", ["check", "test", "fmt"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b" \n", b"\0\0", b"x" * 2_000_000, b"PK\x03\x04"], ids=range(5))
def test_files_that_are_no_rules(shop: Path, command: str, content: bytes) -> None:
    shop.write_bytes(content)
    result = vpi(command)
    assert no_traceback(result.output)
    if command == "fmt" and not content.strip():
        return  # what is wrong with an empty file is not its form
    assert result.exit_code == 1
    assert "error[" in result.output
    assert shop.read_bytes() == content


def test_a_file_that_may_not_be_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    # Tests may run as root, whom no file refuses.
    monkeypatch.setattr(Path, "read_bytes", refuse)
    for command in ("check", "test", "fmt"):
        result = vpi(command)
        assert (result.exit_code, result.stderr) == (2, "vpi: can't read rules/shop/1.vpi: permission denied\n")


def test_colour_only_on_a_terminal(shop: Path) -> None:
    shop.write_text(WRONG)
    assert "\x1b[" not in vpi("check").output
    assert "\x1b[" not in vpi("check", NO_COLOR="1").output


# ── test ────────────────────────────────────────────────────────────────────


def test_examples_pass(shop: Path) -> None:
    result = vpi("test")
    assert (result.exit_code, result.output) == (0, "1 example in 1 file: all passed\n")
    assert data_of(vpi("test", "--json")) == {"files": 1, "examples": 1, "failed": 0, "failures": []}


def test_an_example_fails(shop: Path) -> None:
    shop.write_text(SHOP.replace("2% of", "3% of"))
    result = vpi("test")
    assert result.exit_code == 1
    assert "rules/shop/1.vpi:14:3: error[example-failed]" in result.output
    assert result.output.endswith("1 example in 1 file: 1 example failed\n")
    data = data_of(vpi("test", "--json", "shop@1"))
    assert data["failed"] == 1
    assert set(data["failures"][0]) == DIAGNOSTIC | {"example", "step"}


def test_examples_of_a_wrong_file_do_not_run(shop: Path) -> None:
    shop.write_text(WRONG)
    result = vpi("test")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[unknown-attribute]" in result.stderr


# ── fmt ─────────────────────────────────────────────────────────────────────


def test_formatting(shop: Path) -> None:
    shop.write_text(RAGGED)
    shop.chmod(0o640)
    asked = vpi("fmt", "--check")
    assert asked.exit_code == 1
    assert "rules/shop/1.vpi is not in its canonical form" in asked.stdout
    shown = vpi("fmt", "--diff")
    assert shown.exit_code == 1
    assert "-version 1\n+version   1\n" in shown.stdout
    assert shop.read_text() == RAGGED
    done = vpi("fmt")
    assert (done.exit_code, done.stdout) == (0, "formatted rules/shop/1.vpi\n")
    assert shop.read_text() == SHOP
    assert shop.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in shop.parent.iterdir()) == ["1.vpi"]
    assert vpi("fmt", "--check").exit_code == 0
    assert vpi("fmt").stderr == "0 files changed, 1 file already canonical\n"


@pytest.mark.parametrize("before", [SHOP.replace("\n", "\r\n"), "\ufeff" + SHOP, SHOP + "\n\n\n", SHOP.rstrip("\n")])
def test_line_ends_and_marks_are_made_canonical(shop: Path, before: str) -> None:
    shop.write_bytes(before.encode())
    assert vpi("fmt").exit_code == 0
    assert shop.read_bytes() == SHOP.encode()


def test_formatting_as_json(shop: Path) -> None:
    shop.write_text(RAGGED)
    asked = vpi("fmt", "--check", "--json")
    assert asked.exit_code == 1
    assert data_of(asked) == {"files": 1, "written": False, "changed": ["rules/shop/1.vpi"], "broken": []}
    done = vpi("fmt", "--json")
    assert (done.exit_code, shop.read_text()) == (0, SHOP)
    assert data_of(done) == {"files": 1, "written": True, "changed": ["rules/shop/1.vpi"], "broken": []}


def test_from_standard_input() -> None:
    result = vpi("fmt", "-", stdin=RAGGED)
    assert (result.exit_code, result.stdout) == (0, SHOP)
    broken = vpi("fmt", "-", stdin="ruleset ruleset ruleset")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "standard input:1:" in broken.stderr


def test_a_file_with_an_error_is_left_alone(shop: Path) -> None:
    text = SHOP.replace("counts  sale with", "counts sale with with")
    shop.write_text(text)
    result = vpi("fmt")
    assert result.exit_code == 1
    assert "error[" in result.stderr
    assert shop.read_text() == text


def test_a_link_stays_a_link(shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.vpi"
    target.write_text(RAGGED)
    shop.unlink()
    shop.symlink_to(target)
    assert vpi("fmt").exit_code == 0
    assert shop.is_symlink()
    assert target.read_text() == SHOP


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_run_loses_nothing(shop: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException) -> None:
    def fail(*_: object) -> None:
        raise problem

    shop.write_text(RAGGED)
    monkeypatch.setattr(Path, "replace", fail)
    result = vpi("fmt")
    assert result.exit_code != 0
    assert no_traceback(result.output)
    assert shop.read_text() == RAGGED
    assert [path.name for path in shop.parent.iterdir()] == ["1.vpi"]


def test_json_is_one_document_whatever_the_file(shop: Path) -> None:
    shop.write_bytes('event \u202e "\x1b[31m" \ud800'.encode("utf-8", "surrogatepass"))
    assert json.loads(vpi("check", "--json").stdout)["errors"] == 1
    shop.write_text('event \u202e "\x1b[31m"')
    result = vpi("check")
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output

"""What holds for every command: help, settings, wrong usage, pipes that close, and a start that stays quick."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.cli.main import COMMANDS
from tests.service.cli.running import RULES, SHOP, finished, no_traceback, process, sale, vpi, write_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with `rules/shop/1.vpi`, and nothing else, as the current one."""
    monkeypatch.chdir(tmp_path)
    return write_shop(tmp_path)


# ── help and usage ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_has_an_example(command: str) -> None:
    result = vpi(command, "--help")
    assert result.exit_code == 0
    assert re.search(rf"Examples?:\n +vpi {command}\b", result.output)
    assert "Traceback" not in result.output
    assert vpi(command, "-h").output == result.output


def test_help_lists_the_commands() -> None:
    for arguments in (("--help",), ("-h",)):
        result = vpi(*arguments)
        assert result.exit_code == 0
        for command, line in COMMANDS.items():
            assert re.search(rf"{command}\s+{line[:40]}", result.output)
    assert vpi().exit_code == 2
    assert "Usage: vpi" in vpi().output


def test_an_interrupted_command_ends_as_shells_expect(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.cli.check.read_rules", interrupted)
    result = vpi("check")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "vpi: interrupted\n")


def test_version() -> None:
    result = vpi("--version")
    assert (result.exit_code, bool(re.fullmatch(r"vpi, version \d+\.\d+\.\d+\n", result.output))) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chek",), "No such command 'chek'"),
        (("check", "--sctrict"), "No such option '--sctrict'"),
        (("evaluate",), "Missing argument 'EVENTS'"),
        (("evaluate", "absent.jsonl"), "No such file or directory"),
        (("evaluate", "."), "Is a directory"),
        (("explain", "-", "--version", "x"), "'x' is not a valid integer"),
        (("explain", "-", "--version", "-1"), "-1 is not in the range"),
        (("serve", "more"), "unexpected extra argument"),
        (("serve", "--address", "nonsense"), "an address is HOST:PORT, with a port of at most 65535, not nonsense"),
        (("serve", "--ledger", "mysql://x"), "there is no ledger of the kind `mysql:`"),
        (("serve", "--workers", "0"), "0 is not in the range"),
        (("serve", "--workers", "2", "--ledger", "memory:"), "several workers can't share a ledger in memory"),
        (("usage", "acme"), "there is no ledger vpi-ledger.db"),
        (("usage", "acme", "--ledger", "memory:"), "`memory:` ends with its process"),
        (("usage", "acme", "--ledger", "a.db", "--server", "localhost:1"), "give --ledger or --server, not both"),
        (("evaluations", "--start", "yesterday"), "yesterday is no time such as 2026-07-01T00:00:00Z"),
        (("evaluations", "--start", "2026-07-01T00:00:00Z"), "times need a customer: add --subject"),
        (("evaluations", "--refused", "--id", "s1"), "refused events are listed by --ruleset alone"),
        (("evaluations", "--json", "--as-events"), "leave --json out"),
        (("void", "s1", "--source", "/till"), "Missing option '--reason'"),
        (("void", "s1", "--source", "/till", "--reason", " "), "say in a sentence why"),
        (("void", "s1", "--source", "/till", "--reason", "x" * 1001), "a reason has at most 1,000 characters"),
        (("publish",), "Missing argument 'PATH...'"),
        (("publish", "absent.vpi"), "no such file or folder: absent.vpi"),
        (("ledger", "verfiy"), "No such command 'verfiy'"),
        (("ledger", "stats"), "there is no ledger vpi-ledger.db"),
        (("ledger", "backup"), "Missing argument 'TARGET'"),
        (("fmt", "--json", "-"), "leave --json out"),
    ],
)
def test_wrong_usage(shop: Path, arguments: tuple[str, ...], said: str) -> None:
    result = vpi(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


# ── settings ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "heading"), [("vpi.toml", ""), ("pyproject.toml", "[tool.vpi]\n")])
def test_settings_from_a_file(shop: Path, name: str, heading: str) -> None:
    shop.parent.parent.rename("prices")
    assert vpi("check").exit_code == 2
    Path(name).write_text(f'{heading}rules = "prices"\nruleset = "shop"\n')
    assert vpi("check").exit_code == 0
    assert vpi("test", "shop@1").exit_code == 0
    assert vpi("evaluate", "-", stdin=sale()).exit_code == 0


def test_settings_reach_the_commands_of_a_group(shop: Path) -> None:
    assert vpi("publish", "rules", "--ledger", "shop.db").exit_code == 0
    Path("vpi.toml").write_text('ledger = "shop.db"\n')
    assert vpi("ledger", "verify").exit_code == 0
    assert vpi("ledger", "stats", VPI_LEDGER="other.db").exit_code == 2


def test_which_setting_counts(shop: Path) -> None:
    """The flag before the environment, that before `vpi.toml`, that before `pyproject.toml`."""
    Path("pyproject.toml").write_text('[tool.vpi]\nrules = "rules"\n')
    assert vpi("check").exit_code == 0
    Path("vpi.toml").write_text('rules = "from_file"\n')
    assert "from_file" in vpi("check").stderr
    assert "from_environment" in vpi("check", VPI_RULES="from_environment").stderr
    assert "from_flag" in vpi("check", "--rules", "from_flag", VPI_RULES="from_environment").stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules =", "vpi.toml can't be read"),
        ('rulez = "x"', "sets `rulez`, which vpi does not know"),
        ("rules = 1", "`rules` must be a text in quotes"),
        ('[rules]\npath = "x"', "`rules` must be a text in quotes"),
        ("rules = ['x']", "`rules` must be a text in quotes"),
        ("\0", "vpi.toml can't be read"),
    ],
)
def test_wrong_settings(shop: Path, content: str, said: str) -> None:
    Path("vpi.toml").write_text(content)
    result = vpi("check")
    assert result.exit_code == 2
    assert said in result.stderr
    assert no_traceback(result.output)


def test_settings_that_are_no_text(shop: Path) -> None:
    Path("vpi.toml").write_bytes(b"\xff\xfe")
    assert vpi("check").exit_code == 2
    Path("vpi.toml").unlink()
    Path("pyproject.toml").write_text("[tool]\nvpi = 1\n")
    assert "the settings of vpi in pyproject.toml are not a table" in vpi("check").stderr
    Path("pyproject.toml").write_text("[project]\nname = 'another'\n")
    assert vpi("check").exit_code == 0


# ── a process of its own ────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["check", "evaluate"])
def test_a_reader_that_goes_away(tmp_path: Path, command: str) -> None:
    """`vpi … | head -1` ends quietly."""
    if command == "check":
        many = "".join(f"interaction i{n}\n  counts sale with a{n} > 1\n  price 1\n" for n in range(2000))
        write_shop(tmp_path, SHOP + many)
        arguments: tuple[str, ...] = ("check", "rules")
    else:
        write_shop(tmp_path)
        (tmp_path / "events").write_text("".join(sale(f"s{n}") + "\n" for n in range(5000)))
        arguments = ("evaluate", "events")
    running = process(*arguments, cwd=tmp_path)
    assert running.stdout is not None
    assert running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    said = running.stderr.read()
    running.stderr.close()
    running.wait(30)
    assert no_traceback(said)
    assert "BrokenPipe" not in said


def test_interrupted_while_it_reads(tmp_path: Path) -> None:
    """Ctrl-C while standard input stays open ends the command without a traceback."""
    write_shop(tmp_path)
    running = process("evaluate", "-", stdin=subprocess.PIPE, cwd=tmp_path, start_new_session=True)
    assert running.stdin is not None
    running.stdin.write((sale() + "\n") * 1000)
    running.stdin.flush()
    assert running.stdout is not None
    assert running.stdout.readline().startswith("{")
    running.send_signal(signal.SIGINT)
    code, _, said = finished(running)
    assert code != 0
    assert no_traceback(said)


def test_check_imports_no_grpc() -> None:
    """`vpi check` answers at once: what takes long to import is left out."""
    script = (
        "import sys; from service.cli.main import main; "
        f"main(['check', {str(RULES)!r}], standalone_mode=False); "
        "print([name for name in ('grpc', 'google.protobuf', 'rich', 'lark', 'sqlite_utils') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

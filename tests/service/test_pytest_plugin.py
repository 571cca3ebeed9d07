"""The pytest plugin: rule files and fixture files as tests, as QA runs them."""

import json
import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

# Imported here so that every run of pytest inside a test finds them as they are.
import service.pytest_plugin.case_files
import service.pytest_plugin.rule_files
from service.pytest_plugin.expectations import differences
from tests.service.cli.running import RULES, SALE, SHOP, data_of, no_traceback, vpi, write_shop

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
CHARGED = {"outcome": "OUTCOME_COUNTED", "price": "1.00"}


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with `rules/shop/1.vpi`, where pytest runs with this plugin and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    write_shop(pytester.path)
    return pytester


def ran(folder: pytest.Pytester, *arguments: object) -> tuple[pytest.RunResult, str]:
    """Pytest over the folder, with what it printed; none of Python's insides are ever shown."""
    result = folder.runpytest_inprocess(*map(str, arguments), plugins=[service.pytest_plugin])
    printed = result.stdout.str() + result.stderr.str()
    assert no_traceback(printed)
    return result, printed


def passing(folder: pytest.Pytester, *arguments: object) -> list[str]:
    """The tests of a run in which all pass."""
    result, printed = ran(folder, "-v", *arguments)
    assert result.ret == 0, printed
    return re.findall(r"^(\S.*) PASSED", printed, re.M)


def case(expected: object, event_id: str = "s1", amount: object = 50, **more: object) -> dict[str, Any]:
    """A line of a fixture file for the shop."""
    return {"id": event_id, **SALE, "data": {"amount": amount}, **more, "expected": expected}


def write_cases(folder: Path, *lines: object) -> Path:
    """The lines as `first.cases.jsonl` in the folder; a text as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "first.cases.jsonl"
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), encoding="utf-8")
    return path


# ── rule files ──────────────────────────────────────────────────────────────


def test_each_example_is_a_test_and_the_check_is_one(shop: pytest.Pytester) -> None:
    assert passing(shop) == ["rules/shop/1.vpi::checks", "rules/shop/1.vpi::two percent"]


def test_a_file_is_collected_once_however_often_it_is_named(shop: pytest.Pytester) -> None:
    assert len(passing(shop, "rules", "rules/shop", "rules/shop/1.vpi")) == 2


def test_one_example_can_be_run_by_its_title(shop: pytest.Pytester) -> None:
    assert passing(shop, "rules/shop/1.vpi::two percent") == ["rules/shop/1.vpi::two percent"]
    assert passing(shop, "-k", "percent") == ["rules/shop/1.vpi::two percent"]


def test_a_failed_example_shows_what_vpi_test_shows(shop: pytest.Pytester) -> None:
    (shop.path / "rules/shop/1.vpi").write_text(SHOP.replace("1 unit, 1.00", "1 unit, 1.01"))
    result, printed = ran(shop)
    result.assert_outcomes(passed=1, failed=1)
    shown = vpi("test").output.rpartition("\n\n")[0]
    assert shown.startswith("rules/shop/1.vpi:14:3: error[example-failed]: in the example `two percent`")
    assert shown in printed


def test_every_error_is_a_failing_test(shop: pytest.Pytester) -> None:
    text = SHOP.replace("amount > 0", "amont > 0").replace("2% of amount", "2% of amout")
    (shop.path / "rules/shop/1.vpi").write_text(text)
    result, printed = ran(shop, "-rf")
    result.assert_outcomes(failed=2)
    assert "FAILED rules/shop/1.vpi::checks[unknown-attribute at 10:21]" in printed
    assert "rules/shop/1.vpi:10:21: error[unknown-attribute]: `sale` has no attribute `amont`" in printed
    assert "help: did you mean `amount`?" in printed


def test_versions_are_held_against_each_other(shop: pytest.Pytester) -> None:
    text = SHOP.replace("version   1", "version   2").replace("2026-01-01", "2026-02-01").replace("EUR", "USD")
    (shop.path / "rules/shop/2.vpi").write_text(text)
    result, printed = ran(shop, "rules/shop/2.vpi", "-rf")
    result.assert_outcomes(passed=1, failed=1)
    assert "FAILED rules/shop/2.vpi::checks[changed-for-life at 4:11]" in printed


def test_warnings_fail_nothing_and_can_be_read(shop: pytest.Pytester) -> None:
    text = SHOP.replace("version   1", "version   2")
    (shop.path / "rules/shop/2.vpi").write_text(text)
    result, printed = ran(shop, "rules/shop/2.vpi", "-rP", "-W", "error")
    result.assert_outcomes(passed=2)
    assert "rules/shop/2.vpi:3:11: warning[equal-effective]" in printed


def test_titles_with_signs_that_pytest_reads_stay_one_test(shop: pytest.Pytester) -> None:
    (shop.path / "rules/shop/1.vpi").write_text(SHOP.replace("two percent", "a::b [c] 0.25"))
    assert passing(shop)[1] == "rules/shop/1.vpi::a:b [c] 0.25"


def test_junit_has_the_file_and_the_title(shop: pytest.Pytester) -> None:
    (shop.path / "rules/shop/1.vpi").write_text(SHOP.replace("1 unit, 1.00", "1 unit, 1.01"))
    ran(shop, "--junitxml=report.xml")
    cases = ET.parse(shop.path / "report.xml").findall(".//testcase")
    assert [(one.get("classname"), one.get("name")) for one in cases] == [
        ("rules.shop.1.vpi", "checks"),
        ("rules.shop.1.vpi", "two percent"),
    ]
    failure = cases[1].find("failure")
    assert failure is not None and failure.text is not None
    assert failure.text.startswith("rules/shop/1.vpi:14:3: error[example-failed]")


# ── fixture files ───────────────────────────────────────────────────────────


def test_each_line_is_a_test_against_one_ledger(shop: pytest.Pytester) -> None:
    lines = [
        case(CHARGED),
        case(CHARGED | {"duplicate": True}),
        "",
        case({"error": {"code": "ID_TAKEN"}}, amount=51),
        case({"error": {"code": "EVENT_REFUSED", "violations": [{"field": "data.amount"}]}}, "s2", -1),
        case({}, "s3", note="whatever it costs"),
    ]
    path = write_cases(shop.path / "rules/shop/cases", *lines)
    assert passing(shop, path) == [
        f"rules/shop/cases/first.cases.jsonl::line {name}"
        for name in ("1: s1", "2: s1", "4: s1", "5: s2", "6: whatever it costs")
    ]
    # A line's answer depends on those before it, also when those are not asked for.
    assert len(passing(shop, path, "-k", "line and 4")) == 1


def test_a_wrong_price_is_told_with_its_place_and_reason(shop: pytest.Pytester) -> None:
    path = write_cases(shop.path / "rules/shop", case(CHARGED, "s0"), case(CHARGED | {"price": "1.000000000000000001"}))
    result, printed = ran(shop, path)
    result.assert_outcomes(passed=1, failed=1)
    assert (
        'rules/shop/first.cases.jsonl:2: price: expected "1.000000000000000001", but it is "1"\n'
        "  why: counted as sold: amount 50 > 0 (shop version 1)\n"
        '  event: {"id": "s1"'
    ) in printed


def test_a_line_that_says_nothing_of_its_answer_fails(shop: pytest.Pytester) -> None:
    without = case({})
    del without["expected"]
    lines = (without, case("1.00", "s2"), "nonsense", case(CHARGED, "s3"))
    path = write_cases(shop.path / "rules/shop", *lines)
    result, printed = ran(shop, path)
    result.assert_outcomes(passed=1, failed=3)
    assert "first.cases.jsonl:1: the line has no `expected`" in printed
    assert '"price": "1"' in printed
    assert "first.cases.jsonl:2: its `expected` is no object" in printed
    assert "first.cases.jsonl:3: not JSON at column 1" in printed


def test_the_answers_are_those_of_vpi_evaluate(shop: pytest.Pytester) -> None:
    lines = [case({}), case({}, "s2", -1), case({}, "s1", 7), case({}, "s3", type="tour"), case({}, "s4", data=[])]
    path = write_cases(shop.path / "rules/shop", *lines)
    printed = [json.loads(line) for line in vpi("evaluate", path, "--rules", "rules/shop").stdout.splitlines()]
    # When an id was taken is the clock's.
    del printed[2]["error"]["message"]
    write_cases(path.parent, *({**line, "expected": answer} for line, answer in zip(lines, printed, strict=True)))
    assert len(passing(shop, path)) == 5


def test_rules_are_those_of_the_nearest_folder_above(shop: pytest.Pytester) -> None:
    dear = write_shop(shop.path / "drafts", SHOP.replace("2%", "4%").replace("1.00", "2.00"))
    passing(shop, write_cases(dear.parent / "cases" / "deep", case({"price": 2})))
    passing(shop, write_cases(shop.path / "tests", case({"price": 1})))


def test_rules_may_be_named_by_the_first_line_or_the_settings(shop: pytest.Pytester) -> None:
    write_shop(shop.path / "other", SHOP.replace("2%", "4%").replace("1.00", "2.00"))
    path = write_cases(shop.path / "rules/shop", {"rules": "../../other/rules", "ruleset": "shop"}, case({"price": 2}))
    assert passing(shop, path) == ["rules/shop/first.cases.jsonl::line 2: s1"]
    passing(shop, "-o", "vpi_rules=other/rules", write_cases(shop.path / "tests", case({"price": 2})))


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        ({"rules": "nowhere"}, "no such file or folder: rules/shop/nowhere; put the file below its rules"),
        ({"ruleset": "shopp"}, "there is no ruleset `shopp`; did you mean `shop`?"),
        ({"ruleset": 7}, "rules/shop/first.cases.jsonl:1: `ruleset` must be a text in quotes"),
    ],
)
def test_without_rules_the_file_is_one_failing_test(shop: pytest.Pytester, first: object, problem: str) -> None:
    result, printed = ran(shop, write_cases(shop.path / "rules/shop", first, case(CHARGED), case(CHARGED)))
    result.assert_outcomes(failed=1)
    assert problem in printed


def test_rules_with_errors_price_nothing(shop: pytest.Pytester) -> None:
    (shop.path / "rules/shop/1.vpi").write_text(SHOP.replace("amount > 0", "amont > 0"))
    result, printed = ran(shop, write_cases(shop.path / "rules/shop", case(CHARGED), case(CHARGED)))
    result.assert_outcomes(failed=1)
    assert "the rules have errors, so rules/shop/first.cases.jsonl has no prices" in printed
    assert "rules/shop/1.vpi:10:21: error[unknown-attribute]" in printed


@pytest.mark.parametrize(
    ("expected", "actual", "sentences"),
    [
        ({"price": "0.10", "units": 1}, {"price": "0.1", "units": "1"}, []),
        ({"lines": [{"price": "1"}]}, {"lines": [{"price": "1.0", "noun": "unit"}]}, []),
        ({"price": "x"}, {"price": "1"}, ['price: expected "x", but it is "1"']),
        ({"price": True}, {"price": "1"}, ['price: expected true, but it is "1"']),
        ({"duplicate": 1}, {"duplicate": True}, ["duplicate: expected 1, but it is true"]),
        ({"lines": []}, {"lines": [1]}, ["lines: expected 0 items, but there are 1 item: [1]"]),
        ({"e": {"c": "A"}}, {"e": {"c": "B"}}, ['e.c: expected "A", but it is "B"']),
        ({"prise": "1"}, {"price": "1"}, ['prise: expected "1", but the answer has no `prise`; did you mean `price`?']),
        ({"error": {}}, {"units": "1"}, ["error: expected {}, but the answer has no `error`; it has `units`"]),
    ],
)
def test_differences_are_sentences(expected: dict[str, Any], actual: dict[str, Any], sentences: list[str]) -> None:
    assert differences(expected, actual) == sentences


# ── as it is installed ──────────────────────────────────────────────────────


def pytest_as_installed(folder: Path, place: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Pytest in a process of its own, where the project is installed as `pyproject.toml` says."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    metadata = place / "vpi-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vpi\nVersion: 0\n")
    points = "".join(f"{name} = {module}\n" for name, module in declared.items())
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{points}")
    path = os.pathsep.join(map(str, (place, ROOT, ROOT / "protos")))
    # Plugins that have no part in this, and take their time to start.
    without = [f"-pno:{name}" for name in ("cacheprovider", "hypothesispytest", "syrupy", "xdist")]
    command = [sys.executable, "-m", "pytest", "-v", *without, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        command, cwd=folder, env=environment | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60
    )


def test_the_shipped_rules_are_tests_and_those_of_this_suite_are_not_twice(tmp_path: Path) -> None:
    # `tests/conftest.py` leaves rule files to the tests that read them.
    done = pytest_as_installed(ROOT, tmp_path, "rules", "tests/price_lists")
    examples = data_of(vpi("test", RULES, "--json"))["examples"]
    files = len(list(RULES.rglob("*.vpi")))
    cases = sum(len(path.read_bytes().splitlines()) for path in RULES.rglob("*.cases.jsonl"))
    assert cases > 0 and examples > 0
    assert f" {examples + files + cases} passed in " in done.stdout, done.stdout + done.stderr


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    write_shop(tmp_path)
    done = pytest_as_installed(tmp_path, tmp_path / "site", "-p", "no:vpi", "rules")
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr


@pytest.mark.parametrize(("with_rules", "absent"), [(False, ("dsl", "click", "lark")), (True, ("grpc", "google"))])
def test_it_imports_no_more_than_it_needs(tmp_path: Path, with_rules: bool, absent: tuple[str, ...]) -> None:
    if with_rules:
        write_cases(write_shop(tmp_path).parent, case(CHARGED))
    # Runs last: by then everything else has been collected and run.
    (tmp_path / "test_zz.py").write_text(
        "import sys\n\ndef test_imports():\n"
        "    assert 'service.pytest_plugin' in sys.modules\n"
        f"    assert ('dsl' in sys.modules) is {with_rules}\n"
        f"    assert not {set(absent)} & sys.modules.keys()\n"
    )
    done = pytest_as_installed(tmp_path, tmp_path / "site")
    assert f" {4 if with_rules else 1} passed in " in done.stdout, done.stdout + done.stderr

"""`vpi new-version`: the next version of a ruleset, begun as a copy of the latest."""

from datetime import datetime
from pathlib import Path

import pytest

from dsl.zones import EPOCH, MICROSECOND
from service.cli import new_version
from service.loading import check_files, sound
from tests.service.cli.running import RULES, SHOP, data_of, no_traceback, vpi, write_shop

MIDDLE_OF_JULY = 1_784_116_800_000_000  # 2026-07-15T12:00:00Z
LAST_SECOND_OF_JULY = 1_785_542_399_000_000  # 2026-07-31T23:59:59Z


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder with `rules/shop/1.vpi`, on 15 July 2026."""
    monkeypatch.chdir(tmp_path)
    at(monkeypatch, MIDDLE_OF_JULY)
    return write_shop(tmp_path)


def at(monkeypatch: pytest.MonkeyPatch, instant: int) -> None:
    """Sets the program's clock."""
    monkeypatch.setattr(new_version, "now", lambda: instant)


def test_the_copy_has_the_next_number_and_the_first_of_next_month(shop: Path) -> None:
    result = vpi("new-version", "shop")
    assert result.exit_code == 0
    assert result.output.startswith(
        "wrote rules/shop/2.vpi: version 2, effective 2026-08-01, a copy of rules/shop/1.vpi\n\nNext:\n"
    )
    expected = SHOP.replace("version   1", "version   2").replace("2026-01-01", "2026-08-01")
    assert shop.with_name("2.vpi").read_text() == expected
    assert shop.read_text() == SHOP


def test_it_says_what_to_do_next() -> None:
    shown = vpi("new-version", "shop").output
    steps = ["edit rules/shop/2.vpi", "vpi check rules/shop ", "vpi test rules/shop/2.vpi"]
    steps += ["vpi replay EVENTS --rules rules/shop/2.vpi --against rules/shop/1.vpi", "vpi publish rules/shop/2.vpi"]
    assert [shown.index(step) for step in steps] == sorted(shown.index(step) for step in steps)
    assert vpi("check", "rules/shop").exit_code == 0
    assert vpi("test", "rules/shop/2.vpi").exit_code == 0


def test_comments_layout_and_bytes_stay(shop: Path) -> None:
    text = "\ufeff# version 1 of 2026-01-01\r\n" + SHOP.replace("\n", "\r\n").replace(
        "version   1\r\n", "  version 1   # the first version 1\r\n"
    ).replace("effective 2026-01-01", "effective\t2026-01-01 # since 2026-01-01")
    shop.write_bytes(text.encode())
    assert vpi("new-version", "shop").exit_code == 0
    expected = text.replace("  version 1   #", "  version 2   #").replace(
        "effective\t2026-01-01", "effective\t2026-08-01"
    )
    assert shop.with_name("2.vpi").read_bytes() == expected.encode()


def test_the_latest_is_the_highest_number(shop: Path) -> None:
    for number in (2, 9, 10):
        text = SHOP.replace("version   1", f"version   {number}").replace("2026-01-01", f"2026-02-{number:02}")
        shop.with_name(f"{number}.vpi").write_text(f"# number {number}\n{text}")
    shop.with_name("draft.vpi").write_text("not a version")
    assert data_of(vpi("new-version", "shop", "--json")) == {
        "path": "rules/shop/11.vpi",
        "ruleset": "shop",
        "version": 11,
        "effective": "2026-08-01",
        "effective_time": "2026-08-01T00:00:00Z",
        "copied_from": "rules/shop/10.vpi",
        "failed_examples": [],
    }
    assert shop.with_name("11.vpi").read_text().startswith("# number 10\n")


def test_the_month_is_that_of_the_rulesets_own_zone(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, LAST_SECOND_OF_JULY)
    assert data_of(vpi("new-version", "shop", "--json"))["effective"] == "2026-08-01"
    shop.with_name("2.vpi").unlink()
    shop.write_text(SHOP.replace("currency  EUR", "currency  EUR\ntimezone  Asia/Tokyo"))
    data = data_of(vpi("new-version", "shop", "--json"))
    # In Tokyo August has begun.
    assert (data["effective"], data["effective_time"]) == ("2026-09-01", "2026-08-31T15:00:00Z")


def test_a_version_that_lies_ahead_is_followed_by_the_month_after_it(shop: Path) -> None:
    shop.write_text(SHOP.replace("2026-01-01", "2026-12-01"))
    assert data_of(vpi("new-version", "shop", "--json"))["effective"] == "2027-01-01"


@pytest.mark.parametrize("effective", ["2026-09-15", "2026-09-15T08:30", "2026-09-15T08:30:00+02:00"])
def test_the_date_may_be_given(shop: Path, effective: str) -> None:
    assert data_of(vpi("new-version", "shop", "--effective", effective, "--json"))["effective"] == effective
    assert f"effective {effective}\n" in shop.with_name("2.vpi").read_text()


@pytest.mark.parametrize(
    ("effective", "problem"),
    [
        ("2025-12-31", "is before 2026-01-01T00:00:00Z, from when the version before holds"),
        ("2026-02-30", "can't be: "),
        ("tomorrow", "is a date such as 2026-08-01, and `tomorrow` is none"),
        ("2026-08-01\ncurrency USD", "is a date such as 2026-08-01"),
    ],
)
def test_a_date_that_can_not_be_is_refused(shop: Path, effective: str, problem: str) -> None:
    result = vpi("new-version", "shop", "--effective", effective)
    assert result.exit_code == 2
    assert problem in result.stderr and no_traceback(result.output)
    assert not shop.with_name("2.vpi").exists()


def test_the_same_instant_is_allowed_and_told() -> None:
    result = vpi("new-version", "shop", "--effective", "2026-01-01")
    assert result.exit_code == 0
    assert "It begins when the version before does, which then prices no event." in result.output


def test_a_version_with_errors_is_not_copied(shop: Path) -> None:
    shop.write_text(SHOP.replace("amount > 0", "amont > 0"))
    result = vpi("new-version", "shop")
    assert result.exit_code == 1
    assert "rules/shop/1.vpi:10:21: error[unknown-attribute]" in result.stderr
    assert "rules/shop/1.vpi has 1 error; put it right first" in result.stderr
    assert not shop.with_name("2.vpi").exists()


def test_nothing_is_overwritten(shop: Path) -> None:
    # A link to nowhere is no file to read, but its name is taken.
    shop.with_name("2.vpi").symlink_to("nowhere")
    result = vpi("new-version", "shop")
    assert result.exit_code == 2
    assert no_traceback(result.output)
    assert shop.with_name("2.vpi").is_symlink() and not shop.with_name("nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("shopp",), "there is no ruleset `shopp` in rules; did you mean `shop`?"),
        (("../rules/shop",), "there is no ruleset `../rules/shop` in rules"),
        (("shop", "--rules", "nowhere"), "--rules names a folder that holds rulesets, and nowhere is none"),
        (("shop", "--rules", "rules/shop/1.vpi"), "--rules names a folder that holds rulesets"),
        (("zzzz", "--rules", "."), "there is no ruleset `zzzz` in .; it holds none"),
    ],
)
def test_a_ruleset_that_is_not_there_is_named(arguments: tuple[str, ...], problem: str) -> None:
    result = vpi("new-version", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"vpi: {problem}")


def test_examples_that_named_days_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "rules/proptech"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.vpi").write_bytes((RULES / f"proptech/{number}.vpi").read_bytes())
    result = vpi("new-version", "proptech")
    assert result.exit_code == 0
    assert "named days that suited the version before, and must be dated anew:\n  a member's week" in result.output
    assert sound(check_files(sorted(folder.glob("*.vpi"))))


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2026-01-31", "2026-02-01"), ("2026-11-30", "2026-12-01"), ("2026-12-01", "2027-01-01")],
)
def test_months_follow_each_other(monkeypatch: pytest.MonkeyPatch, today: str, expected: str) -> None:
    at(monkeypatch, (datetime.fromisoformat(today) - EPOCH) // MICROSECOND)
    assert data_of(vpi("new-version", "shop", "--json"))["effective"] == expected

"""What must not change between the versions of a ruleset, and where their files lie."""

import pytest

from dsl.checker import check
from dsl.diagnostics import show
from dsl.rulesets import Checked, check_place, check_together
from dsl.source import Source


def version(number: int, name: str = "shop", effective: str = "", currency: str = "EUR", zone: str = "UTC") -> Checked:
    text = (
        f"ruleset {name}\nversion {number}\neffective {effective or f'20{10 + number}-01-01'}\n"
        f"currency {currency}\ntimezone {zone}\nevent visit\n"
    )
    source = Source(f"{name}/{number}.vpi", text)
    ruleset, found = check(source)
    assert ruleset is not None, found
    return Checked(source, ruleset)


def messages(*files: Checked) -> list[str]:
    return [f"{source.name} {d.severity}[{d.id}] {d.message}" for source, d in check_together(files)]


def test_versions_that_agree_say_nothing() -> None:
    assert messages(version(2), version(1), version(3), version(1, name="other", currency="USD")) == []


def test_the_currency_and_the_zone_are_for_life() -> None:
    assert messages(version(2, currency="USD", zone="Europe/Paris"), version(1)) == [
        "shop/2.vpi error[changed-for-life] the currency of `shop` is `EUR` in version 1, and `USD` here",
        "shop/2.vpi error[changed-for-life] the time zone of `shop` is `UTC` in version 1, and `Europe/Paris` here",
    ]


def test_equal_effective_is_a_warning() -> None:
    assert messages(version(1, effective="2030-01-01"), version(2, effective="2030-01-01")) == [
        "shop/2.vpi warning[equal-effective] versions 1 and 2 of `shop` take effect at the same time"
    ]


def test_a_version_stands_once() -> None:
    again = version(1)
    again = Checked(Source("copy.vpi", again.source.text), again.ruleset)
    assert messages(version(1), again) == [
        "shop/1.vpi error[repeated-version] version 1 of `shop` is already in `copy.vpi`"
    ]


def test_the_place_of_a_mistake_is_its_header_line() -> None:
    [(source, found)] = check_together([version(1), version(2, currency="USD")])
    assert show(found, source).splitlines()[1:] == [
        "    4 | currency USD",
        "      |          ^^^",
        "  help: a ruleset keeps its currency for life; give a ruleset with another one another name",
    ]


def test_a_file_lies_where_its_header_says() -> None:
    file = version(3)
    assert check_place(file, "shop", "3") == []
    assert [d.message for d in check_place(file, "store", "03")] == [
        "the ruleset is `shop` here, and the file lies under `store`",
        "the version is `3` here, and the file lies under `03`",
    ]


def selling(number: int, clauses: str, effective: str = "", noun: str = "") -> Checked:
    """A version with one interaction, by its clauses."""
    made = version(number, effective=effective or f"2026-0{number}-15")
    text = made.source.text.replace("event visit", "event visit\n  place string\n  minutes integer from 0 to 9")
    source = Source(made.source.name, f"{text}interaction visited\n  counts visit{noun}\n{clauses}\n")
    ruleset, found = check(source)
    assert ruleset is not None, found
    return Checked(source, ruleset)


def forgotten(*files: Checked) -> list[str]:
    return [f"{source.name}: {d.message}" for source, d in check_together(files) if d.id == "total-starts-again"]


TIERS = "price per month\n  first 10 free\n  then at 0.05"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (TIERS, TIERS.replace("0.05", "0.04").replace("10", "20")),
        (TIERS, "price 0.05"),
        ("price 0.05", TIERS),
        ("once per place\nprice 0.05", "once per place\nonce per place per day\nprice 0.05"),
        ("limit 3 per place per day\nprice 0.05", "limit 5 per place per day\nprice 0.07"),
        ("price 0.05\ncap 5.00 per month", "price 0.05\ncap 6.00 per month"),
        ("price 0.05\ncap 5.00 per day", "price 0.05\ncap 6.00 per week"),
    ],
)
def test_what_goes_on_says_nothing(before: str, now: str) -> None:
    assert forgotten(selling(1, before), selling(2, now, effective="2026-06-15")) == []


def test_the_15th_of_june_2026_begins_a_week() -> None:
    days = "price 0.05\ncap 5.00 per day"
    weeks = days.replace("day", "week")
    assert forgotten(selling(1, days), selling(2, weeks, effective="2026-06-15")) == []
    assert len(forgotten(selling(1, days), selling(2, weeks, effective="2026-06-16"))) == 1


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (TIERS, TIERS.replace("per month", "per place per month"), "running total"),
        (TIERS.replace("month", "year"), TIERS, "running total"),
        ("units minutes\n" + TIERS, "units minutes\n" + TIERS.replace("0.05", "0.05 per minute"), "running total"),
        ("limit 3 per place per month\nprice 1.00", "limit 3 per month\nprice 1.00", "limit"),
        ("price 0.05\ncap 5.00 per day", "price 0.05\ncap 6.00 per month", "cap"),
    ],
)
def test_what_starts_again_in_the_middle_of_a_period_is_named(before: str, now: str, what: str) -> None:
    assert forgotten(selling(1, before), selling(2, now)) == [
        f"shop/2.vpi: the {what} of `visited` starts again at 0 with version 2, in the middle of a month"
    ]
    assert forgotten(selling(1, before), selling(2, now, effective="2026-03-01")) == []


def test_what_starts_again_is_told_of_the_version_before_by_time() -> None:
    by_place = TIERS.replace("per month", "per place per month")
    later, earlier = selling(1, TIERS, effective="2026-05-15"), selling(2, by_place, effective="2026-04-15")
    assert forgotten(later, earlier) == [
        "shop/1.vpi: the running total of `visited` starts again at 0 with version 1, in the middle of a month"
    ]
    never_in_force = selling(1, TIERS, effective="2026-05-15")
    assert forgotten(selling(3, by_place, effective="2026-05-15"), never_in_force, earlier) == []

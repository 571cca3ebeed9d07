"""What must not change between the versions of a ruleset, and where their files lie."""

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

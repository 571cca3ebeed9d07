"""Taking an evaluation back: what each form of price gives back, through caps, over limits, lines and versions."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import pytest

from dsl.core import MONEY, UNIT, Ruleset
from dsl.evaluation import Line, Outcome
from tests.dsl.books import Books, recorded
from tests.dsl.rules import event, hours, ruleset


def sold(text: str, version: int = 1) -> Ruleset:
    return ruleset(f"interaction sold\n  counts sale\n{text}\n", version)


def money(lines: Iterable[Line]) -> Fraction:
    return Fraction(sum(line.price for line in lines), MONEY)


def taken_back(books: Books, order: Sequence[int]) -> list[Fraction]:
    """The prices of voids, one after the other."""
    return [money(books.void(number)[0]) for number in order]


def fractions(text: str) -> list[Fraction]:
    return [Fraction(word) for word in text.split()]


# ── every form of price ─────────────────────────────────────────────────────

TIERS = "price per month\n first 10 free\n then at 1.00\n"
CASES = (
    "price by plan\n free per month\n  first 1 free\n  then at 1.00\n pro 0.50\n"
    " otherwise per month\n  first 1 at 5.00\n  then free\n"
)


@pytest.mark.parametrize(
    ("text", "events", "costs", "order", "gives_back"),
    [
        ("price free", [{}], "0", [0], "0"),
        ("units n\n price 0.05", [{"n": 3}, {"n": 1}], "0.15 0.05", [0, 1], "-0.15 -0.05"),
        ("units n\n price 5.00 per 3 units", [{"n": 2}], "3.333333333333333333", [0], "-3.333333333333333333"),
        # 120 units are two started blocks, 60 are one.
        ("units n\n price 10.00 per started 100 units per month", [{"n": 60}] * 2, "10 10", [0, 1], "-10 -10"),
        # 90 units are one started block, and so are the 30 that stay.
        ("units n\n price 10.00 per started 100 units per month", [{"n": 60}, {"n": 30}], "10 0", [0, 1], "0 -10"),
        ("units n\n price 10.00 per full 100 units per month", [{"n": 60}] * 2, "0 10", [0, 1], "-10 0"),
        ("units n\n price 10.00 per started 100 units per event", [{"n": 130}], "20", [0], "-20"),
        # What is taken out of the free tier moves what came later down into it.
        (f"units n\n {TIERS}", [{"n": 10}, {"n": 20}, {"n": 5}], "0 20 5", [0, 2, 1], "-10 -5 -10"),
        # 13 units owe 5.00 + 1.20, 12 owe 5.00 + 0.80, none owe nothing.
        (
            "units n\n price per month\n first 10 free plus 5.00\n then at 0.40\n",
            [{"n": 1}, {"n": 12}], "5 1.2", [0, 1], "-0.4 -5.8",
        ),
        (
            "units n\n price per month\n first 10 for 5.00\n then at 0.25 plus 2.00\n",
            [{"n": 10}, {"n": 2}], "5 2.5", [1, 0], "-2.5 -5",
        ),
        # Back over the cliff: 101 units cost 101.00, 100 cost 200.00.
        (
            "units n\n price per month by volume\n up to 100 at 2.00\n above at 1.00\n",
            [{"n": 100}, {"n": 1}], "200 -99", [1, 0], "99 -200",
        ),
        (
            "units n\n price per month by volume\n up to 100 at 2.00\n above at 1.00\n",
            [{"n": 100}, {"n": 1}], "200 -99", [0, 1], "-99 -2",
        ),
        (
            "units n\n price per member per month\n first 1 free\n then at 1.00\n",
            [{"n": 2}, {"n": 2, "member": "b"}, {"n": 3}], "1 1 3", [0, 1, 2], "-2 -1 -2",
        ),
        (
            "units n\n price per event\n up to 5 at 0.20\n then at 0.10\n at least 0.50 at most 2.00\n",
            [{"n": 1}, {"n": 90}, {"n": 0}], "0.5 2 0", [2, 1, 0], "0 -2 -0.5",
        ),
        (
            CASES, [{}, {}, {"plan": "pro"}, {"plan": "call centre"}],
            "0 1 0.5 5", [0, 1, 2, 3], "-1 0 -0.5 -5",
        ),
        # Each case has its own total: the two units of `pro` owe nothing and 2.00, whatever `free` has.
        (
            "units n\n price by plan\n free per month\n  first 1 free\n  then at 1.00\n"
            " pro per month\n  first 1 free\n  then at 2.00\n otherwise free\n",
            [{"n": 1}, {"n": 1, "plan": "pro"}, {"n": 1}, {"n": 1, "plan": "pro"}, {"n": 9, "plan": "call centre"}],
            "0 0 1 2 0", [1, 4, 0, 2, 3], "-2 0 -1 0 0",
        ),
        (
            "units n\n price 2.9% of amount plus 0.30 at least 0.50 at most 20.00\n",
            [{"amount": "100", "n": 0}, {"amount": "9999"}], "3.2 20", [0, 1], "-3.2 -20",
        ),
        ("price is 0.10 + amount * 2\n", [{"amount": "1.5"}], "3.1", [0], "-3.1"),
        (
            "price 1.00\n discount 50% with gift\n surcharge 10% with gift\n", [{"gift": True}, {}],
            "0.55 1", [1, 0], "-1 -0.55",
        ),
    ],
)  # fmt: skip
def test_each_price_gives_back_what_falls_away(
    text: str, events: list[dict[str, Any]], costs: str, order: list[int], gives_back: str
) -> None:
    books = recorded(sold(text), *(event(**data) for data in events))
    assert [Fraction(each.price, MONEY) for _, _, each in books.recorded] == fractions(costs)
    assert taken_back(books, order) == fractions(gives_back)
    assert books.bill == 0
    assert books.moved() == {}


def test_a_line_has_minus_its_units_and_its_noun() -> None:
    books = recorded(sold("units n\n price 0.05 per minute\n"), event(n=3))
    assert books.void(0) == ((Line("sold", -3 * UNIT, "minute", -15 * MONEY // 100),), ())


def test_only_the_period_of_the_event_is_priced_again() -> None:
    checked = sold(f"units n\n {TIERS}")
    books = recorded(checked, event(n=10), event(n=10, time=hours(24 * 31)), event(n=10, subject="b"), event(n=3))
    assert taken_back(books, [0, 1, 2]) == [-3, 0, 0]


# ── caps ────────────────────────────────────────────────────────────────────

SEVEN = {"n": 7}
RISING = "price per month\n first 4 at 0.50\n then at 1.00\n"


@pytest.mark.parametrize(
    ("text", "events", "costs", "order", "gives_back"),
    [
        # Of 21.00 the month holds 8.00: only what brings it below 8.00 gives anything back.
        ("price 1.00\n cap 8.00 per month\n", [SEVEN] * 3, "7 1 0", [0, 1, 2], "0 -1 -7"),
        ("price 1.00\n cap 5.00 per event\n", [SEVEN, {"n": 2}], "5 2", [0, 1], "-5 -2"),
        (
            "price 1.00\n cap 8.00 per member per week\n",
            [SEVEN, {"n": 7, "member": "b"}, SEVEN], "7 7 1", [0, 1, 2], "-1 -7 -7",
        ),
        (
            "price 1.00\n discount 50% with gift\n cap 8.00 per month\n", [SEVEN, {"n": 6, "gift": True}],
            "7 1", [0, 1], "-5 -3",
        ),
        # A cap that holds the total whole: the curve falls by 10.00, of which the cap had let 5.00 through.
        (f"{TIERS} cap 5.00 per month\n", [{"n": 10}, {"n": 10}], "0 5", [0, 1], "-5 0"),
        (f"{TIERS} cap 5.00 per year\n", [{"n": 10}, {"n": 12}], "0 5", [0, 1], "-3 -2"),
        # A cap that cuts the total into parts: as recorded, or more would go back than was paid.
        (f"{TIERS} cap 5.00 per member per month\n", [{"n": 10}, {"n": 10, "member": "b"}], "0 5", [0, 1], "0 -5"),
        (f"{RISING} cap 3.00 per event\n", [{"n": 4}, {"n": 6}], "2 3", [0, 1], "-2 -3"),
        (f"{RISING} cap 3.00 per event\n cap 4.00 per day\n", [{"n": 4}, {"n": 6}], "2 2", [1, 0], "-2 -2"),
        # Of several caps the smallest holds, on the way back too.
        ("price 1.00\n cap 5.00 per event\n cap 8.00 per month\n", [SEVEN, SEVEN], "5 1", [1, 0], "-1 -5"),
        # The falling price of a month by volume, capped: 200.00 is over the cap, 101.00 is not.
        (
            "price per month by volume\n up to 100 at 2.00\n above at 1.00\n cap 150.00 per month\n",
            [{"n": 100}, {"n": 1}], "150 -49", [1, 0], "49 -150",
        ),
    ],
)  # fmt: skip
def test_caps_give_back_what_they_let_through(
    text: str, events: list[dict[str, Any]], costs: str, order: list[int], gives_back: str
) -> None:
    test_each_price_gives_back_what_falls_away(f"units n\n {text}", events, costs, order, gives_back)


def test_several_caps_may_give_back_another_sum_than_was_paid() -> None:
    """Their smallest prices, 7.00 + 3.00 + 0.00, are of different caps; so are those of the way back."""
    checked = sold("units n\n price 1.00\n cap 10.00 per day\n cap 12.00 per month\n")
    books = recorded(checked, event(n=7), event(n=7), event(n=7, time=hours(24)))
    assert Fraction(books.bill, MONEY) == 10
    assert taken_back(books, [0, 1, 2]) == [0, -5, -7]
    assert books.moved() == {}


def test_a_cap_of_one_case_holds_the_total_of_that_case() -> None:
    checked = sold(
        "units n\n price by plan\n free per month\n  first 10 free\n  then at 1.00\n"
        " otherwise per month\n  first 10 free\n  then at 1.00\n cap 5.00 per plan per month\n"
    )
    books = recorded(checked, event(n=10), event(n=14), event(n=10, plan="pro"), event(n=14, plan="call centre"))
    # The total of `otherwise` runs over both other plans, and each of them has a cap of its own.
    assert taken_back(books, [0, 2]) == [-1, 0]
    assert taken_back(books, [1, 3]) == [-4, -5]
    assert (books.bill, books.moved()) == (0, {})


def test_a_cap_may_hold_a_total_by_its_key_and_its_case_together() -> None:
    tiers = "per member per month\n  first 10 free\n  then at 1.00\n"
    checked = sold(f"units n\n price by plan\n free {tiers} otherwise {tiers} cap 5.00 per member, plan per month\n")
    books = recorded(checked, event(n=10), event(n=14), event(n=10, plan="pro"), event(n=14, plan="call centre"))
    assert taken_back(books, [0, 2, 1, 3]) == [-1, 0, -4, -5]
    assert (books.bill, books.moved()) == (0, {})


@pytest.mark.parametrize(
    ("tiers", "cap", "gives_back"),
    [
        ("hour", "day", -4), ("day", "week", -4), ("day", "year", -4), ("week", "week", -4), ("month", "year", -4),
        ("week", "month", 0), ("week", "year", 0), ("month", "week", 0), ("year", "month", 0), ("day", "hour", 0),
    ],
)  # fmt: skip
def test_a_cap_holds_the_totals_of_periods_that_lie_within_its_own(tiers: str, cap: str, gives_back: int) -> None:
    """A week may lie in two months. Where the cap does not hold the total, the first four units go back free."""
    checked = sold(f"units n\n price per {tiers}\n first 4 free\n then at 1.00\n cap 50.00 per {cap}\n")
    assert taken_back(recorded(checked, event(n=4), event(n=10)), [0]) == [gives_back]


# ── limits, several lines, nothing ──────────────────────────────────────────


def test_a_place_in_a_limit_is_free_again() -> None:
    checked = sold("limit 2 per member\n limit 3 per day\n price 1.00\n")
    books = recorded(checked, event(), event(), event(), event(member="b"))
    assert books.recorded[2][2].outcome is Outcome.LIMITED
    lines, changes = books.void(1)
    assert [line.price for line in lines] == [-MONEY]
    assert sorted((str(c.key[1]), c.before, c.delta) for c in changes) == [
        ("limit per day", 3, -1), ("limit per member (text) for ever", 2, -1),
    ]  # fmt: skip
    later = [books.record(checked, event()) for _ in range(2)]
    assert [each.outcome for each in later if each is not None] == [Outcome.COUNTED, Outcome.LIMITED]


def test_what_did_not_count_takes_nothing_back() -> None:
    checked = ruleset("interaction sold\n  counts sale with n ≥ 1\n  once per month\n  price 1.00\n")
    books = recorded(checked, event(), event(), event(n=0))
    assert [each.outcome for _, _, each in books.recorded] == [Outcome.COUNTED, Outcome.LIMITED, Outcome.NOT_COUNTED]
    assert books.recorded[1][2].changes[0].delta == 0
    assert (books.void(1), books.void(2)) == (((), ()), ((), ()))
    assert Fraction(books.bill, MONEY) == 1


def test_every_line_goes_back_and_a_limited_one_stays_away() -> None:
    checked = ruleset(
        f"interaction sold\n  counts sale\n  units n\n  {TIERS}"
        "interaction gifts\n  also counts sale with gift\n  price 0.30\n"
        "interaction first\n  also counts sale\n  once per month\n  price 2.00\n"
    )
    books = recorded(checked, event(n=10), event(n=6, gift=True))
    assert [line.interaction for line in books.recorded[1][2].lines] == ["sold", "gifts"]
    lines, changes = books.void(1)
    assert [(line.interaction, line.units // UNIT, Fraction(line.price, MONEY)) for line in lines] == [
        ("sold", -6, -6), ("gifts", -1, Fraction("-0.3")),
    ]  # fmt: skip
    assert [(change.key[0], change.before, change.delta) for change in changes] == [("sold", 16 * UNIT, -6 * UNIT)]
    assert taken_back(books, [0]) == [-2]
    assert (books.bill, books.moved()) == (0, {})


# ── versions ────────────────────────────────────────────────────────────────


def test_where_two_versions_moved_a_total_the_recorded_price_goes_back() -> None:
    old, new = sold(f"units n\n {TIERS}"), sold("units n\n price per month\n first 10 free\n then at 3.00\n", 2)
    books = recorded(old, event(n=10), event(n=5))
    books.record(new, event(n=1))
    assert [Fraction(each.price, MONEY) for _, _, each in books.recorded] == [0, 5, 3]
    lines, changes = books.void(0)
    assert money(lines) == 0
    assert [(change.before, change.delta) for change in changes] == [(16 * UNIT, -10 * UNIT)]
    assert taken_back(books, [2, 1]) == [-3, -5]
    assert (books.bill, books.moved()) == (0, {})


def test_a_total_that_only_one_version_moved_is_priced_again_after_another_came() -> None:
    books = recorded(sold(f"units n\n {TIERS}"), event(n=10), event(n=5))
    books.record(sold(f"units n\n {TIERS}", 2), event(n=10, time=hours(24 * 31)))
    assert taken_back(books, [0]) == [-5]


def test_where_two_versions_moved_a_cap_the_recorded_price_goes_back() -> None:
    old, new = (sold(f"units n\n price 1.00\n cap {cap} per month\n", v) for v, cap in ((1, "10.00"), (2, "100.00")))
    books = recorded(old, event(n=10))
    books.record(new, event(n=50))
    assert taken_back(books, [0, 1]) == [-10, -50]
    assert books.moved() == {}


def test_a_cap_of_one_version_holds_though_the_total_is_of_two() -> None:
    """The second version has no cap: the first one's sum is its own, and gives 8.00 back in all, as it let through."""
    capped, open_ = sold(f"units n\n {RISING} cap 8.00 per month\n"), sold(f"units n\n {RISING}", 2)
    books = recorded(capped, event(n=10), event(n=4))
    books.record(open_, event(n=1))
    assert [Fraction(each.price, MONEY) for _, _, each in books.recorded] == [8, 0, 1]
    assert taken_back(books, [1, 0, 2]) == [0, -8, -1]
    assert (books.bill, books.moved()) == (0, {})


def test_a_sum_may_fall_below_zero_where_a_version_came_between_two_voids() -> None:
    """10.00 goes back along the curve, and after the second version once more as recorded: the sum under the cap knows.

    The bill is as far below 0 as the sum, and the next event makes up for it before the cap binds.
    """
    old, new = sold(f"units n\n {TIERS} cap 12.00 per month\n"), sold("units n\n price 1.00\n cap 12.00 per month\n", 2)
    third = sold(f"units n\n {TIERS} cap 12.00 per month\n", 3)
    books = recorded(old, event(n=10), event(n=10))
    assert taken_back(books, [0]) == [-10]
    books.record(third, event(n=3))
    assert taken_back(books, [1, 2]) == [-10, -3]
    (total,) = books.moved().values()
    assert (books.bill, total) == (-10 * MONEY, -10 * MONEY)
    later = books.record(new, event(n=15))
    assert later is not None and Fraction(later.price, MONEY) == 15
    assert Fraction(books.bill, MONEY) == 5

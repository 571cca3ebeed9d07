"""What a comparison says in words: headlines, amounts, signs of change."""

from collections.abc import Sequence

from dsl.currencies import DIGITS
from dsl.numbers import divide_half_even, format_money
from dsl.to_sql import Outcome
from service.replay.comparison import KINDS, LINES, Comparison, Pair

_PRICED = (Outcome.COUNTED, Outcome.NOT_COUNTED, Outcome.LIMITED, Outcome.VOIDED)
_SHOWN_PLACES = 6
_SCALE = 18


def money(amount: int, currency: str) -> str:
    """An amount as `USD 1,234.50`: exact, save that one with more than six places is rounded and marked `≈`."""
    return f"{currency} {number(amount, DIGITS.get(currency, 2))}"


def change(amount: int, currency: str) -> str:
    """A difference as `+1.20` or `−0.50`, without its currency; `0` where there is none."""
    return signed(number(abs(amount), DIGITS.get(currency, 2)), amount) if amount else "0"


def signed(text: str, value: int) -> str:
    """A text with the sign of a value."""
    return f"{'−' if value < 0 else '+'}{text}"


def number(amount: int, digits: int = 0) -> str:
    """An amount in 10⁻¹⁸ with thousands separated and at least so many decimal places."""
    cut = 10 ** (_SCALE - _SHOWN_PLACES)
    exact = amount % cut == 0
    whole, _, fraction = format_money(amount if exact else divide_half_even(amount, cut) * cut).partition(".")
    minus, whole = ("−", whole[1:]) if whole.startswith("-") else ("", whole)
    fraction = fraction.ljust(digits, "0")
    return f"{'' if exact else '≈ '}{minus}{int(whole):,}{'.' if fraction else ''}{fraction}"


def units(value: int) -> str:
    """Units in millionths with thousands separated."""
    return number(value * 10**12)


def of_all(count: int, comparison: Comparison) -> str:
    """So many of all events; of a ledger with voids these are among them."""
    both = "event" if not comparison.voids else "event or void" if count == 1 else "events and void"
    return f"{many(count, both)} of {comparison.events + comparison.voids:,}"


def kinds(found: Sequence[str]) -> str:
    """How an event differs, as a list in words: `outcome, what counts`."""
    return ", ".join("what counts" if one == KINDS[LINES] else one for one in found)


def many(count: int, noun: str) -> str:
    """`1 event`, `2,000 events`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def notes(voids: int, refused: tuple[int, int, int]) -> list[str]:
    """What is to be known of a ledger's history, in sentences: `refused` is as `Replay` has it."""
    included, recorded_later, ahead = refused
    told = []
    if voids == 1:
        told.append("1 evaluation was taken back: the void gives back what its event costs by these rules.")
    elif voids:
        told.append(f"{voids:,} evaluations were taken back: a void gives back what its event costs by these rules.")
    if included:
        were = "was refused is" if included == 1 else "were refused are"
        told.append(f"{many(included, 'event')} that {were} among them, since other rules may take them.")
    for count, why in (
        (recorded_later, "recorded later under the same id"),
        (ahead, "dated more than 24 hours ahead when refused"),
    ):
        if count:
            told.append(f"{many(count, 'refused event')} {'was' if count == 1 else 'were'} {why}: left out.")
    return told


def headline(comparison: Comparison) -> str:
    """The whole comparison in one sentence, that of its pair where it has just one."""
    if len(comparison.pairs) > 1:
        bills = [
            f"{side.label} {money(total.money, comparison.currency)}"
            for side, total in zip(comparison.sides, comparison.totals, strict=True)
        ]
        return f"{many(comparison.events, 'event')} come to this: {', '.join(bills[:-1])} and {bills[-1]}."
    if comparison.pairs:
        return pair_headline(comparison, comparison.pairs[0])
    total = comparison.totals[0]
    return (
        f"{comparison.sides[0].label} counts {total.counted:,} of {many(comparison.events, 'event')} and bills "
        f"{money(total.money, comparison.currency)}."
    )


def pair_headline(comparison: Comparison, pair: Pair) -> str:
    """What the first side does to another's events, money and customers, in one sentence."""
    after, before = comparison.sides[0], comparison.sides[pair.before]
    total, other = comparison.totals[0], comparison.totals[pair.before]
    events, currency = many(comparison.events, "event"), comparison.currency
    if before.recorded and not pair.differing["any"]:
        prices = many(sum(other.outcomes.get(name.name, 0) for name in _PRICED), "recorded price")
        return f"{after.label} gives all {prices} again: {_bill(total.money, currency)}."
    if not pair.differing["any"]:
        return f"{after.label} and {before.label} price all {events} alike: {_bill(total.money, currency)}."
    parts = [f"{after.label} {_counts(total.counted - other.counted)}"]
    delta = total.money - other.money
    bills = f"{money(abs(delta), currency)} {'less' if delta < 0 else 'more'}" if delta else "as much in all"
    parts.append(f"bills {bills} than {before.label}" if delta else f"bills {bills} as {before.label}")
    return f"{parts[0]} and {parts[1]}; {_customers(comparison, pair)}."


def _bill(amount: int, currency: str) -> str:
    return f"{money(amount, currency)} in all"


def _counts(delta: int) -> str:
    if not delta:
        return "counts as many events"
    return f"counts {abs(delta):,} {'fewer' if delta < 0 else 'more'} {'event' if abs(delta) == 1 else 'events'}"


def _customers(comparison: Comparison, pair: Pair) -> str:
    all_of_them = many(comparison.customer_count, "customer")
    if not pair.more and not pair.less:
        return f"none of {all_of_them} pays more or less"
    if not pair.more:
        return f"{pair.less:,} of {all_of_them} {_pay(pair.less)} less, none pays more"
    less = f", {pair.less:,} {_pay(pair.less)} less" if pair.less else ", none pays less"
    return f"{pair.more:,} of {all_of_them} {_pay(pair.more)} more{less}"


def _pay(count: int) -> str:
    return "pays" if count == 1 else "pay"

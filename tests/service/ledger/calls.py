"""What the contract's tests ask of a ledger again and again, and how they read its answers."""

from collections.abc import Iterable
from decimal import Decimal

from dsl.evaluation import CounterKey
from dsl.event import Event
from service.evaluator import Evaluator, Options
from service.ledger.interface import Answer, Entry, Ledger, Query, Record, Void


def evaluate(evaluator: Evaluator, *events: Event, ruleset: str = "shop", dry: bool = False) -> list[Answer]:
    """One answer an event, in one submission."""
    return evaluator.evaluate(ruleset, events, Options(dry_run=dry))


def recorded(evaluator: Evaluator, *events: Event, ruleset: str = "shop") -> list[Entry]:
    """The entries of events that must be accepted."""
    return [entry_of(answer) for answer in evaluate(evaluator, *events, ruleset=ruleset)]


def entry_of(answer: Answer) -> Entry:
    """An answer that must be no error."""
    assert isinstance(answer, Entry), answer
    return answer


def cost(answer: Answer) -> Decimal:
    """The price of an answer that must be no error, in whole units of its currency."""
    return money(entry_of(answer).evaluation.price)


def money(amount: int) -> Decimal:
    """An amount of 10⁻¹⁸ in whole units of its currency, exactly."""
    return Decimal(amount).scaleb(-18)


def outcomes(answers: Iterable[Answer]) -> list[str]:
    """The outcomes of answers that must be no errors."""
    return [entry_of(answer).evaluation.outcome.value for answer in answers]


def entry_in(record: Record) -> Entry:
    """The entry that a record is, or takes back."""
    return record.row.entry if isinstance(record.row, Void) else record.row


def ids(records: Iterable[Record]) -> list[object]:
    """The events' ids, a void's with a minus in front."""
    return [("-" if isinstance(record.row, Void) else "") + str(entry_in(record).event.id) for record in records]


def listed(ledger: Ledger, query: Query, size: int = 1_000) -> list[Record]:
    """All records that a query asks for, page by page."""
    found, token = ledger.find(query, size)
    while token:
        page, token = ledger.find(query, size, token)
        assert page, "a token promises another record"
        found += page
    return found


def counters(ledger: Ledger) -> dict[tuple[str, CounterKey], int]:
    """Every counter by its ruleset and key; none comes twice. Whether one that is back at 0 is listed is left open."""
    moved = [((ruleset, key), value) for ruleset, key, value in ledger.counters()]
    assert len(moved) == len(dict(moved))
    return {place: value for place, value in moved if value}

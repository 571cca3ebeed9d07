"""`vpi evaluations`: what is recorded, entry by entry, and what was refused."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import click

from dsl.acceptance import parse_rfc3339
from dsl.evaluation import Outcome
from dsl.event import Event
from service.cli.event_lines import event_line
from service.cli.options import ruleset_option
from service.cli.tables import amount, print_table
from service.cli.targets import Data, Target, target_of, target_options
from service.ledger.interface import Query

AT_A_TIME = 1000
"""Rows of a table that are lined up together."""
OUTCOMES = {"counted": Outcome.COUNTED, "not-counted": Outcome.NOT_COUNTED, "limited": Outcome.LIMITED}
HEADINGS = ("row", "recorded", "event time", "customer", "source", "id", "outcome", "units", "price", "", "why")
REFUSED_HEADINGS = ("received", "ruleset", "source", "id", "why")


class _Instant(click.ParamType[int | None]):
    """An instant as RFC 3339 text."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The instant in microseconds since 1970."""
        if not isinstance(value, str):
            return value if isinstance(value, int) else None
        instant = parse_rfc3339(value)
        if instant is None:
            self.fail(f"{value} is no time such as 2026-07-01T00:00:00Z", param, ctx)
        return instant


@click.command("evaluations")
@ruleset_option("Only this ruleset's.")
@click.option("--subject", default="", metavar="CUSTOMER", help="Only this customer's, by the events' own times.")
@click.option("--source", default="", metavar="SOURCE", help="Only this source's.")
@click.option("--id", "event_id", default="", metavar="ID", help="Only the event with this id, and its void.")
@click.option("--start", type=_Instant(), metavar="TIME", help="Only events from this time on; needs --subject.")
@click.option("--end", type=_Instant(), metavar="TIME", help="Only events before this time; needs --subject.")
@click.option("--outcome", type=click.Choice(list(OUTCOMES)), help="Only those with this outcome.")
@click.option("--interaction", default="", metavar="NAME", help="Only those with a line of this interaction.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many.")
@click.option("--refused", is_flag=True, help="The events that were refused, unknown, or before the first version.")
@click.option("--as-events", is_flag=True, help="The events themselves, as JSON lines to be sent again.")
@target_options
@click.option("--json", "json_output", is_flag=True, help="Print JSON lines, one an entry, in one stable shape.")
@click.pass_context
def command(
    context: click.Context,
    /,
    ruleset: str,
    outcome: str | None,
    limit: int | None,
    refused: bool,
    as_events: bool,
    ledger: str,
    server: str | None,
    json_output: bool,
    **filters: Any,
) -> None:
    """List what is recorded: evaluations and voids, each with its event, its price and its place in the ledger's chain.

    Events that were refused claim no id: once they, or the rules, are repaired, they can be sent again.

    \b
    Examples:
      vpi evaluations --subject acme --start 2026-07-01T00:00:00Z --end 2026-08-01T00:00:00Z
      vpi evaluations --source app --id EVENT-ID --json
      vpi evaluations --refused --as-events | vpi evaluate - --server localhost:50051
    """
    given = [name for name, value in filters.items() if value not in ("", None)] + ["outcome"] * bool(outcome)
    if refused and given:
        raise click.UsageError("refused events are listed by --ruleset alone; leave the other filters out")
    if not filters["subject"] and not {"start", "end"}.isdisjoint(given):
        raise click.UsageError("times need a customer: add --subject")
    if json_output and as_events:
        raise click.UsageError("--as-events prints JSON lines already: the events alone; leave --json out")
    query = Query(ruleset, outcome=OUTCOMES[outcome] if outcome else None, **filters)
    with target_of(context, ledger, server) as target:
        found = islice(_found(target, query, refused), limit)
        if as_events:
            _print_lines(event_line(event) for event, data in found if not data.get("is_void"))
        elif json_output:
            _print_lines(json.dumps(data, ensure_ascii=False) for _, data in found)
        elif refused:
            _print_tables(REFUSED_HEADINGS, found, _refused_row, frozenset())
        else:
            _print_tables(HEADINGS, found, _row, frozenset({0, 7, 8}))


def _found(target: Target, query: Query, refused: bool) -> Iterator[tuple[Event, Data]]:
    return target.refused(query.ruleset) if refused else target.evaluations(query)


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _print_tables(
    headings: tuple[str, ...],
    found: Iterator[tuple[Event, Data]],
    row: Callable[[Data], tuple[str, ...]],
    numbers: frozenset[int],
) -> None:
    """One table, or several where there is much: it is shown as it comes."""
    some = False
    while rows := [row(data) for _, data in islice(found, AT_A_TIME)]:
        some = True
        print_table(headings, rows, numbers)
    if not some:
        click.echo("nothing found")


def _row(data: Data) -> tuple[str, ...]:
    event, evaluation = data["event"], data["evaluation"]
    return (
        str(data["sequence"]),
        data["record_time"],
        event["time"],
        _plain(event["subject"]),
        _plain(event["source"]),
        _plain(event["id"]),
        "void" if data["is_void"] else evaluation["outcome"].removeprefix("OUTCOME_").lower().replace("_", " "),
        evaluation["units"],
        f"{amount(evaluation['price'], evaluation['currency'])} {evaluation['currency']}",
        "voided" if data["is_voided"] else "",
        _plain(evaluation["reason"]),
    )


def _refused_row(data: Data) -> tuple[str, ...]:
    event, reason = data["event"], data["reason"]
    why = "; ".join(f"{one['field']}: {one['description']}" for one in reason["violations"]) or reason["message"]
    return (data["record_time"], data["ruleset"], _plain(event.get("source")), _plain(event.get("id")), _plain(why))


def _plain(value: object) -> str:
    """A text of an event as one that can't steer the terminal; another value in JSON, and nothing as -."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)

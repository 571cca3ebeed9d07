"""`vpi usage`: what a customer used and owes."""

import click

from service.cli.options import as_json, print_json, ruleset_option
from service.cli.tables import amount, print_table
from service.cli.targets import Data, target_of, target_options


@click.command("usage")
@click.argument("customer")
@click.option(
    "--period",
    default="",
    metavar="PERIOD",
    help="A month 2026-07, a day 2026-07-15, a year 2026, or two days 2026-07-01/2026-07-15; without it this month.",
)
@ruleset_option("Which ruleset; needed where there are several.")
@target_options
@as_json
@click.pass_context
def command(
    context: click.Context,
    customer: str,
    period: str,
    ruleset: str,
    ledger: str,
    server: str | None,
    json_output: bool,
) -> None:
    """Show what CUSTOMER used in a calendar period and what it comes to, by interaction, voids taken off.

    \b
    Examples:
      vpi usage acme
      vpi usage acme --period 2026-07 --ruleset proptech
      vpi usage acme --period 2026-07-01/2026-07-15 --server localhost:50051
    """
    with target_of(context, ledger, server) as target:
        used = target.usage(ruleset, customer, period)
    if json_output:
        print_json(used)
    else:
        _print(used)


def _print(used: Data) -> None:
    click.echo(f"{used['subject']} in {used['period']} by {used['ruleset']}, {used['timezone']}")
    click.echo()
    if not used["interactions"]:
        click.echo("nothing counted")
        return
    currency = used["currency"]
    rows = [
        (one["interaction"], f"{one['events']:,}", one["units"], one["noun"], amount(one["price"], currency))
        for one in used["interactions"]
    ]
    total = (
        "total",
        f"{sum(one['events'] for one in used['interactions']):,}",
        "",
        "",
        amount(used["price"], currency),
    )
    print_table(("interaction", "events", "units", "unit", currency), [*rows, (), total], frozenset({1, 2, 4}))

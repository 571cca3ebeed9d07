"""`vpi void`: one evaluation taken back."""

import click

from service.cli.options import as_json, print_json, ruleset_option
from service.cli.tables import amount
from service.cli.targets import target_of, target_options

LONGEST_REASON = 1000


@click.command("void")
@click.argument("event_id", metavar="ID")
@click.option("--source", required=True, metavar="SOURCE", help="The event's source.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in a sentence that is kept for good.")
@ruleset_option("Which ruleset; needed where there are several.")
@target_options
@as_json
@click.pass_context
def command(
    context: click.Context,
    event_id: str,
    source: str,
    reason: str,
    ruleset: str,
    ledger: str,
    server: str | None,
    json_output: bool,
) -> None:
    """Take back the evaluation of the event ID, with an entry of its own: minus its units and its price.

    What other events cost stays as it is. A second void of the same event changes nothing and shows the first.

    \b
    Examples:
      vpi void EVENT-ID --source app --reason "the listing was a test"
      vpi void EVENT-ID --source app --reason "the listing was a test" --server localhost:50051
    """
    reason = reason.strip()
    if not reason:
        raise click.UsageError("say in a sentence why the evaluation is taken back: --reason")
    if len(reason) > LONGEST_REASON:
        raise click.UsageError(f"a reason has at most {LONGEST_REASON:,} characters, this has {len(reason):,}")
    with target_of(context, ledger, server) as target:
        void = target.void(ruleset, source, event_id, reason)
    if json_output:
        print_json(void)
        return
    evaluation = void["evaluation"]
    again = "was voided before, " if evaluation["duplicate"] else "voided "
    click.echo(f"{again}{void['record_time']} under {evaluation['ruleset']} version {evaluation['version']}")
    for line in evaluation["lines"]:
        price = f"{amount(line['price'], evaluation['currency'])} {evaluation['currency']}"
        click.echo(f"  {line['interaction']}: {line['units']} {line['noun']}, {price}")
    if not evaluation["lines"]:
        click.echo("  it had not counted, so no money falls away")
    if evaluation["duplicate"]:
        click.echo(f"  the reason given then: {evaluation['reason']}")

"""`vpi serve`: the gRPC service."""

import asyncio
import gc
import json
import logging
import signal
import sys

import click

from service.cli.options import FINDINGS, print_failures, rules_option, sound_rules, unreadable
from service.evaluator import Evaluator
from service.ledger.memory import MemoryLedger
from service.loading import failed_examples, registry_of
from service.rpc.server import AddressInUse, serve_until, start
from service.times import now

MEMORY = "memory:"
HIGHEST_PORT = 65_535


@click.command("serve")
@rules_option("The folder of rulesets to serve.")
@click.option(
    "--ledger",
    envvar="VPI_LEDGER",
    default=MEMORY,
    show_default=True,
    metavar="PLACE",
    help="Where evaluations are kept; memory: forgets them when the server ends.",
)
@click.option(
    "--address",
    envvar="VPI_ADDRESS",
    default="127.0.0.1:50051",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen; port 0 is a free one.",
)
@click.option("--json", "json_output", is_flag=True, help="Say where it listens as one line of JSON.")
def command(rules: str, ledger: str, address: str, json_output: bool) -> None:
    """Run the gRPC service until it is told to stop (SIGTERM, Ctrl-C); calls under way are finished.

    A rule file with an error, or with an example that fails, keeps it from starting; all of them are printed.

    \b
    Examples:
      vpi serve --rules rules
      vpi serve --rules rules --address 0.0.0.0:50051
    """
    if ledger != MEMORY:
        unreadable(f"no ledger of this kind: {ledger}; there is `{MEMORY}`")
    # gRPC takes the port 99999 for 34463.
    port = address.rpartition(":")[2]
    if ":" not in address or not (port.isascii() and port.isdigit() and int(port[:6]) <= HIGHEST_PORT):
        unreadable(f"an address is HOST:PORT, with a port of at most {HIGHEST_PORT}, not {address}")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    checked = sound_rules((rules,), rules)
    if failures := failed_examples(checked):
        print_failures(failures, err=True)
        sys.exit(FINDINGS)
    registry = registry_of(checked)
    registry.compile()
    _spare_the_collector()
    evaluator = Evaluator(registry, MemoryLedger(now), now)
    asyncio.run(_serve(evaluator, address, json_output))


def _spare_the_collector() -> None:
    """What has been loaded stays for good, and nothing on a request's way makes cycles: they are looked for rarely."""
    gc.collect()
    gc.freeze()


async def _serve(evaluator: Evaluator, address: str, json_output: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        running = await start(evaluator, address, now)
    except AddressInUse as error:
        unreadable(str(error))
    names = evaluator.registry.names()
    if json_output:
        click.echo(json.dumps({"address": running.address, "rulesets": list(names)}))
    else:
        click.echo(f"serving {', '.join(names)} at {running.address}; evaluations are kept in memory only")
    sys.stdout.flush()
    await serve_until(running, stopped)

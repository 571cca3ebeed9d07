"""`vpi serve`: the gRPC service."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click
from click.core import ParameterSource

from service.cli import log
from service.cli.ledgers import (
    DEFAULT,
    cant_use,
    existing_ledger,
    in_words,
    is_memory,
    is_postgres,
    open_ledger,
    shown,
)
from service.cli.options import (
    FINDINGS,
    numbered,
    print_diagnostics,
    print_failures,
    rules_option,
    sound_rules,
    unreadable,
)
from service.cli.ports import PortTaken, claimed
from service.cli.recorders import kept_recorder, own_recorder
from service.cli.serving import run, serve
from service.cli.workers import Workers
from service.errors import LedgerUnavailable
from service.evaluator import Evaluator
from service.ledger.interface import CantOpen, Ledger
from service.loading import Checked, failed_examples
from service.publishing import CantPublish, OutdatedRules, evaluator_of, publish_files
from service.rpc.recorder.remote import CantStart, RemoteRecorder
from service.rpc.server import AddressInUse, Running
from service.times import now

HIGHEST_PORT = 65_535
MOST_WORKERS = 256


@click.command("serve")
@rules_option("The folder of rulesets to publish and serve.")
@click.option(
    "--ledger",
    envvar="VPI_LEDGER",
    default=DEFAULT,
    show_default=True,
    metavar="PLACE",
    help="Where evaluations are kept: a SQLite file, postgresql://…, or memory:, which ends with the server.",
)
@click.option(
    "--address",
    envvar="VPI_ADDRESS",
    default="127.0.0.1:50051",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen; port 0 is a free one.",
)
@click.option(
    "--workers",
    envvar="VPI_WORKERS",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    metavar="N",
    help="How many servers share one port and one ledger, beside a process that records.",
)
@click.option("--json", "json_output", is_flag=True, help="Say where it listens as one line of JSON.")
@click.pass_context
def command(context: click.Context, rules: str, ledger: str, address: str, workers: int, json_output: bool) -> None:
    """Run the gRPC service until it is told to stop (SIGTERM, Ctrl-C); calls under way are finished, a second Ctrl-C
    ends it at once.

    The rules are checked, with their examples, and published in the ledger: a version that has priced events never
    changes. An error, an example that fails or a changed version keeps it from starting; all of them are printed. What
    was published before is served as well; without --rules, and where there is no folder `rules`, that alone.

    \b
    Examples:
      vpi serve --rules rules
      vpi serve --rules rules --ledger prices.db --address 0.0.0.0:50051 --workers 4
      vpi serve --rules rules --ledger memory:
    """
    # gRPC takes the port 99999 for 34463.
    port = address.rpartition(":")[2]
    if ":" not in address or not (port.isascii() and port.isdigit() and int(port[:6]) <= HIGHEST_PORT):
        unreadable(f"an address is HOST:PORT, with a port of at most {HIGHEST_PORT}, not {address}")
    if workers > 1 and is_memory(ledger):
        unreadable("several workers can't share a ledger in memory: name a file or a database, or leave --workers out")
    log.to_stderr("server" if workers > 1 else "")
    checked = _rules(context, rules)
    try:
        sys.exit(_run(ledger, address, workers, checked, json_output))
    except (CantOpen, CantStart, LedgerUnavailable) as error:
        cant_use(error, ledger)
    except (AddressInUse, PortTaken) as error:
        unreadable(str(error))
    except OutdatedRules as error:
        unreadable(str(error))
    except CantPublish as error:
        for sentence in error.sentences:
            click.echo(f"vpi: {sentence}", err=True)
        sys.exit(FINDINGS)


def _rules(context: click.Context, rules: str) -> list[Checked]:
    """The rules to publish; none where none are named and there is no folder of them."""
    named = context.get_parameter_source("rules") is not ParameterSource.DEFAULT
    if not named and not Path(rules).exists():
        return []
    checked = sound_rules((rules,), rules)
    if failures := failed_examples(checked):
        print_failures(failures, err=True)
        sys.exit(FINDINGS)
    print_diagnostics(checked, err=True)
    return checked


def _run(place: str, address: str, workers: int, checked: Sequence[Checked], json_output: bool) -> int:
    """Serves, in this process or in several; the exit code."""
    if workers == 1:
        with own_recorder(place) as recorder, closing(_open(place, checked)) as ledger:
            evaluator = _prepare(ledger, checked)
            say = _Announcement(evaluator, place, 1, json_output)
            run(_serve(evaluator, address, say, recorder))
        return 0
    with claimed(address) as shared, kept_recorder(place) as recorder:
        with closing(_open(place, checked)) as ledger:
            say = _Announcement(_prepare(ledger, checked), place, workers, json_output)
        recorder.begin()
        settings = {"ledger": place, "address": shared, "recorder": recorder.path}
        return asyncio.run(Workers(workers, settings).run(lambda: say.listening(shared)))


def _open(place: str, checked: Sequence[Checked]) -> Ledger:
    """The ledger, made where there is none yet and rules to put into it."""
    if not is_memory(place) and not is_postgres(place) and Path(place).is_file() and not os.access(place, os.W_OK):
        # SQLite opens it all the same, and each event would be turned away.
        raise CantOpen(f"{place} can't be served: its file can only be read")
    if checked:
        return open_ledger(place, now)
    try:
        return existing_ledger(place, now)
    except CantOpen as error:
        raise CantOpen(f"there is nothing to serve: no folder `rules`, no --rules, and {error}") from None


def _prepare(ledger: Ledger, checked: Sequence[Checked]) -> Evaluator:
    """Publishes the rules; ends the command where there is nothing to serve."""
    publish_files(ledger, checked, now)
    evaluator = evaluator_of(ledger, now)
    if not evaluator.registry.names():
        unreadable("there is nothing to serve: no folder `rules`, no --rules, and nothing is published in the ledger")
    return evaluator


class _Announcement:
    """The one line that says where the server listens, for people or as JSON."""

    def __init__(self, evaluator: Evaluator, place: str, workers: int, json_output: bool) -> None:
        self._names = evaluator.registry.names()
        self._place, self._workers, self._json_output = place, workers, json_output

    def listening(self, address: str) -> None:
        """Says it."""
        if self._json_output:
            data = {
                "address": address,
                "rulesets": list(self._names),
                "ledger": shown(self._place),
                "workers": self._workers,
            }
            click.echo(json.dumps(data, ensure_ascii=False))
        else:
            together = f" with {numbered(self._workers, 'worker')}" if self._workers > 1 else ""
            click.echo(
                f"serving {', '.join(self._names)} at {address}{together}; evaluations are kept {in_words(self._place)}"
            )


async def _serve(evaluator: Evaluator, address: str, say: _Announcement, recorder: RemoteRecorder | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopped.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            # The next one ends the process at once, as it does any.
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    def ready(running: Running) -> None:
        say.listening(running.address)

    await serve(evaluator, address, stopped, ready, recorder)

"""Where commands find what is recorded: in a ledger itself, or through a server that has one; both in one shape."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any, Protocol, TypeVar

import click
from click.core import ParameterSource

from dsl.event import Event
from service.cli.ledgers import DEFAULT
from service.cli.options import UNREADABLE
from service.ledger.interface import Query

Command = TypeVar("Command", bound=Callable[..., Any])
Data = dict[str, Any]
_RANKS = {ParameterSource.COMMANDLINE: 3, ParameterSource.ENVIRONMENT: 2, ParameterSource.DEFAULT_MAP: 1}


class Failed(Exception):
    """What was asked for can't be had: the sentences that say why, and the exit code that the command ends with."""

    def __init__(self, sentences: Sequence[str], code: int = UNREADABLE) -> None:
        super().__init__("\n".join(sentences))
        self.sentences, self.code = tuple(sentences), code


class Target(Protocol):
    """What the commands do. Data has the fields of the interface's messages, as `service/answers.py` writes them.

    Everything raises Failed.
    """

    def usage(self, ruleset: str, subject: str, period: str) -> Data:
        """What a customer used in a period: GetUsageResponse."""
        ...

    def evaluations(self, query: Query) -> Iterator[tuple[Event, Data]]:
        """Everything recorded that a query asks for, each with its event: LedgerEntry."""
        ...

    def refused(self, ruleset: str) -> Iterator[tuple[Event, Data]]:
        """Every refused event: RefusedEvent."""
        ...

    def void(self, ruleset: str, source: str, event_id: str, reason: str) -> Data:
        """Takes an evaluation back: VoidEvaluationResponse."""
        ...

    def publish(self, path: str, text: str) -> Data:
        """Publishes a rule text: PublishVersionResponse."""
        ...


def target_options(command: Command) -> Command:
    """`--ledger` and `--server`, of which one is used: see `target_of`."""
    command = click.option(
        "--server",
        envvar="VPI_SERVER",
        metavar="HOST:PORT",
        help="Ask this server; it has a ledger of its own.",
    )(command)
    return click.option(
        "--ledger",
        envvar="VPI_LEDGER",
        default=DEFAULT,
        show_default=True,
        metavar="PLACE",
        help="Use this ledger: a SQLite file or postgresql://…, whether a server uses it too or not.",
    )(command)


@contextmanager
def target_of(context: click.Context, ledger: str, server: str | None, make: bool = False) -> Iterator[Target]:
    """What `--ledger` or `--server` names; of two that come from settings, that which is nearer to the command line.

    `make`: a ledger that is not there yet is made. A failure ends the command.
    """
    # Either is imported where it is used: gRPC for a server, SQLite for a ledger.
    if server and _through_server(context):
        module, arguments = "service.cli.through_server", (server,)
    else:
        module, arguments = "service.cli.in_ledger", (ledger, make)  # type: ignore[assignment]
    opened: AbstractContextManager[Target] = import_module(module).opened(*arguments)
    try:
        with opened as target:
            yield target
    except Failed as failure:
        for sentence in failure.sentences:
            click.echo(f"vpi: {sentence}", err=True)
        sys.exit(failure.code)


def _through_server(context: click.Context) -> bool:
    ranks = [
        _RANKS.get(context.get_parameter_source(name) or ParameterSource.DEFAULT, 0) for name in ("ledger", "server")
    ]
    if ranks == [3, 3]:
        raise click.UsageError("give --ledger or --server, not both: a server has a ledger of its own")
    return ranks[1] >= ranks[0]

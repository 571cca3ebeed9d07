"""The work of `vpi replay --engine spark`: a Spark of this machine, for as long as sides are priced."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from dsl.to_sql import Order
from service.cli.options import unreadable
from service.cli.replay_progress import Working
from service.replay.duckdb import Settings
from service.replay.sides import Price
from service.replay.spark_session import CantSpark, CantStart, require_java, running
from service.replay.spark_side import priced_by_spark

NEEDS = "`--engine spark` needs the extra `spark` and Java 17"


def pricing(folder: Path, order: Order, settings: Settings) -> AbstractContextManager[Price]:
    """What prices a side into a folder that is made for it, until the end of a block; Spark begins with the block.

    Ends the command where Spark can't start, at once where it is plain, or can't go on.
    """
    try:
        require_java()
    except CantStart as error:
        unreadable(f"{NEEDS}: {error}")
    return _pricing(folder, order, settings)


@contextmanager
def _pricing(folder: Path, order: Order, settings: Settings) -> Iterator[Price]:
    try:
        with ExitStack() as stack:
            with Working("starting Spark"):
                session = stack.enter_context(running(folder, settings))
            yield partial(priced_by_spark, session, order=order, settings=settings)
    except CantStart as error:
        unreadable(f"{NEEDS}: {error}")
    except CantSpark as error:
        unreadable(str(error))

"""What a server's event loop makes of a ledger: what is to be written shares commits, which a thread waits for."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from dsl.event import Event
from service.access import MOST_WAITING, GroupCommit
from service.errors import IdTaken, LedgerUnavailable, QueueFull, ServiceError
from service.evaluator import Evaluator
from service.ledger.interface import Answer, Entry, Submission
from service.ledger.sqlite import SqliteLedger
from service.ledger.sqlite_connections import sqlite3
from tests.service.ledger.ledgers import NOW
from tests.service.rules import registry, search


class Watched(SqliteLedger):
    """A ledger that notes where it is worked with, and fails when it is told to."""

    def __init__(self, path: Path, busy_seconds: float = 10.0) -> None:
        super().__init__(path, lambda: NOW, busy_seconds)
        self.added: list[tuple[str, int]] = []
        self.failure: Callable[[Sequence[Submission]], Exception | None] = lambda group: None

    def _add(self, group: Sequence[Submission]) -> list[list[Answer]]:
        self.added.append((threading.current_thread().name, len(group)))
        failure = self.failure(group)
        if failure is not None:
            raise failure
        return super()._add(group)


@asynccontextmanager
async def opened(
    ledger: SqliteLedger, most_waiting: int = MOST_WAITING
) -> AsyncIterator[tuple[GroupCommit, Evaluator]]:
    """The way to a ledger, with rules to rate by."""
    with closing(ledger):
        access = GroupCommit(ledger, most_waiting)
        try:
            yield access, Evaluator(registry(), ledger, None)
        finally:
            async with asyncio.timeout(20):
                await access.close()


async def recorded(access: GroupCommit, evaluator: Evaluator, *events: Event) -> list[Answer]:
    """One answer an event, each sent as a call of its own at the same time."""
    calls = [access.record(evaluator.submission("shop", (event,))) for event in events]
    return [answer for answers in await asyncio.gather(*calls) for answer in answers]


async def test_calls_share_a_commit_that_a_thread_waits_for(tmp_path: Path) -> None:
    ledger = Watched(tmp_path / "ledger.db")
    async with opened(ledger) as (access, evaluator):
        answers = await recorded(access, evaluator, *(search(f"e{n}") for n in range(50)))
        assert all(isinstance(answer, Entry) and not answer.duplicate for answer in answers)
    assert ledger.added == [("ledger-writer", 50)]


async def test_a_repeated_event_has_its_first_answer_and_the_same_id_with_other_content_is_refused(
    tmp_path: Path,
) -> None:
    async with opened(SqliteLedger(tmp_path / "ledger.db", lambda: NOW)) as (access, evaluator):
        first = await recorded(access, evaluator, search("a"), search("b"))
        again = await recorded(access, evaluator, search("a"), search("c"), search("b", results=9), search("c"))
        assert [type(answer) for answer in again] == [Entry, Entry, IdTaken, Entry]
        assert [one.duplicate for one in again if isinstance(one, Entry)] == [True, False, True]
        assert isinstance(again[0], Entry) and isinstance(first[0], Entry)
        assert again[0].evaluation == first[0].evaluation
        assert access._ledger.stats().entries == 3


async def test_while_another_process_writes_calls_wait_and_the_loop_goes_on(tmp_path: Path) -> None:
    ledger = Watched(tmp_path / "ledger.db")
    async with opened(ledger) as (access, evaluator):
        other: Any = sqlite3.connect(str(tmp_path / "ledger.db"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        calling = asyncio.create_task(recorded(access, evaluator, search("a")))
        await asyncio.sleep(0.05)
        assert not calling.done()
        other.execute("ROLLBACK")
        other.close()
        (answer,) = await calling
        assert isinstance(answer, Entry)
    assert ledger.added == [("ledger-writer", 1)]


async def test_where_the_commit_fails_everyone_is_told_and_nothing_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = Watched(path)
    async with opened(ledger) as (access, evaluator):
        await recorded(access, evaluator, search("a"))
        path.rename(tmp_path / "elsewhere.db")
        failed = await asyncio.gather(
            *(access.record(evaluator.submission("shop", (search(name),))) for name in "bc"), return_exceptions=True
        )
        assert [type(one) for one in failed] == [LedgerUnavailable] * 2
        (tmp_path / "elsewhere.db").rename(path)
        answers = await recorded(access, evaluator, search("a"), search("b"))
        assert [isinstance(answer, Entry) for answer in answers] == [True, True]


async def test_an_unforeseen_error_in_one_submission_is_nobody_elses(tmp_path: Path) -> None:
    ledger = Watched(tmp_path / "ledger.db")
    ledger.failure = lambda group: (
        ZeroDivisionError("in a rater") if any(one.events[0].id == "bad" for one in group) else None
    )
    async with opened(ledger) as (access, evaluator):
        calls = [access.record(evaluator.submission("shop", (search(name),))) for name in ("a", "bad", "c")]
        first, bad, last = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(bad, ZeroDivisionError) and not isinstance(bad, ServiceError)
        assert isinstance(first, list) and isinstance(last, list)
        assert ledger.stats().entries == 2


@pytest.mark.parametrize("calls", [1, 40])
async def test_whoever_hangs_up_is_recorded_all_the_same(tmp_path: Path, calls: int) -> None:
    ledger = Watched(tmp_path / "ledger.db")
    async with opened(ledger) as (access, evaluator):
        submissions = [evaluator.submission("shop", (search(f"e{n}"),)) for n in range(calls)]
        tasks = [asyncio.create_task(access.record(submission)) for submission in submissions]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await access._idle.wait()
        assert ledger.stats().entries == calls


class Gated(Watched):
    """A ledger whose commits wait until they are let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate = threading.Event()
        self.begun = threading.Event()

    def _commit(self) -> None:
        self.begun.set()
        assert self.gate.wait(10)
        super()._commit()


def sent(access: GroupCommit, evaluator: Evaluator, *ids: str) -> "asyncio.Task[list[Answer]]":
    """A call with some events, on its way."""
    return asyncio.create_task(access.record(evaluator.submission("shop", [search(name) for name in ids])))


async def under_way(
    ledger: Gated, access: GroupCommit, evaluator: Evaluator, event_id: str
) -> "asyncio.Task[list[Answer]]":
    """A call whose commit is waiting, so that others queue behind it."""
    ledger.begun.clear()
    call = sent(access, evaluator, event_id)
    assert await asyncio.to_thread(ledger.begun.wait, 10)
    return call


async def test_a_full_queue_refuses_what_does_not_fit_and_has_room_again_when_it_is_done(tmp_path: Path) -> None:
    ledger = Gated(tmp_path / "ledger.db")
    async with opened(ledger, most_waiting=3) as (access, evaluator), asyncio.timeout(10):
        for turn in "ab":
            calls = [await under_way(ledger, access, evaluator, f"{turn}0")]
            calls += [sent(access, evaluator, f"{turn}1"), sent(access, evaluator, f"{turn}2", f"{turn}3")]
            await asyncio.sleep(0)
            with pytest.raises(QueueFull):
                await sent(access, evaluator, f"{turn}4")
            ledger.gate.set()
            assert [len(answers) for answers in await asyncio.gather(*calls)] == [1, 1, 2]
            ledger.gate.clear()
        ledger.gate.set()
        assert ledger.stats().entries == 8


async def test_a_batch_with_nothing_before_it_is_taken_however_large_it_is(tmp_path: Path) -> None:
    async with opened(SqliteLedger(tmp_path / "ledger.db", lambda: NOW), most_waiting=3) as (access, evaluator):
        assert len(await sent(access, evaluator, *"abcde")) == 5


async def test_what_else_is_written_keeps_its_place_between_events(tmp_path: Path) -> None:
    ledger = Gated(tmp_path / "ledger.db")
    async with opened(ledger) as (access, evaluator), asyncio.timeout(10):
        first = await under_way(ledger, access, evaluator, "a")
        calls = [first, sent(access, evaluator, "b")]
        await asyncio.sleep(0)
        seen = asyncio.create_task(access.write(lambda: ledger.stats().entries))
        await asyncio.sleep(0)
        calls.append(sent(access, evaluator, "c"))
        await asyncio.sleep(0)
        ledger.gate.set()
        assert await seen == 2
        await asyncio.gather(*calls)
        assert ledger.stats().entries == 3
    assert [size for _, size in ledger.added] == [1, 1, 1]


async def test_a_group_ends_before_it_would_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.access.LARGEST_GROUP", 4)
    ledger = Gated(tmp_path / "ledger.db")
    async with opened(ledger) as (access, evaluator), asyncio.timeout(10):
        calls = [await under_way(ledger, access, evaluator, "a")]
        calls += [sent(access, evaluator, *ids) for ids in ("bc", "de", "f", "ghijk", "l")]
        await asyncio.sleep(0)
        ledger.gate.set()
        await asyncio.gather(*calls)
        assert ledger.stats().entries == 12
    assert [size for _, size in ledger.added] == [1, 2, 1, 1, 1]

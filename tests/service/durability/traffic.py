"""What the clients send, chosen by chance, and what they were answered: the notes that a ledger must agree with."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from google.rpc import code_pb2, status_pb2

from dsl.event import Event
from dsl.zones import DAY
from service.rpc.convert import message_of
from tests.service.rules import JUNE
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import usage_pb2

SEED = int(os.environ.get("VPI_SEED") or random.randrange(2**32))
"""What the tests of this process draw their chances from; given again as VPI_SEED, they are the same."""
SOURCES = ("app", "web", "App")
SUBJECTS = ("acme", "Acme", "bob", "zoë", "zoe", "客户", *(f"customer {n}" for n in range(20)))
FIRST_DAY = JUNE + DAY
"""From here on all rules are in force, whatever their time zones."""
REFUSED = 0.06
"""How many events are refused."""
Key = tuple[str, str, str]
"""Ruleset, source and id."""


def chances(name: str) -> random.Random:
    """A test's own chances; the seed is printed, and so shown where the test fails."""
    print(f"VPI_SEED={SEED}")
    return random.Random(f"{SEED} {name}")


@dataclass
class Note:
    """One event: as it is sent, each time the same, and what came back.

    `answer` is the first answer that came, with `duplicate` cleared; `firsts` counts those without it. `refusal` is the
    code that an event gets which is kept and claims no id, `unknown` stands for one whose type nobody declared.
    """

    ruleset: str
    event: pb.Event
    claims_key: bool
    sent: int = 0
    acknowledged: int = 0
    firsts: int = 0
    answer: pb.Evaluation | None = None
    refusal: int = code_pb2.OK
    voids_sent: int = 0
    void: usage_pb2.VoidEvaluationResponse | None = None

    @property
    def key(self) -> Key:
        """Its key."""
        return self.ruleset, self.event.source, self.event.id

    def answered(self, evaluation: pb.Evaluation) -> None:
        """Takes an evaluation down; it must be the first one again, if there was one."""
        given = pb.Evaluation()
        given.CopyFrom(evaluation)
        given.duplicate = False
        assert self.answer is None or self.answer == given, f"first:\n{self.answer}\nthen:\n{given}"
        assert self.claims_key or evaluation.outcome == pb.OUTCOME_UNKNOWN_EVENT, evaluation
        assert self.refusal == code_pb2.OK, f"first refused, then answered: {given}"
        assert not (evaluation.duplicate and not self.sent), evaluation
        self.answer = given
        self.acknowledged += 1
        self.firsts += not evaluation.duplicate
        assert self.firsts <= 1 or not self.claims_key, f"two first answers: {given}"

    def refused(self, code: int) -> None:
        """Takes down that the event was refused."""
        assert not self.claims_key, f"{self.key} was refused with code {code}"
        assert code in (code_pb2.INVALID_ARGUMENT, code_pb2.FAILED_PRECONDITION), code
        assert self.refusal in (code_pb2.OK, code), f"refused with {self.refusal}, then with {code}"
        assert self.answer is None
        self.refusal = code
        self.acknowledged += 1

    def voided(self, response: usage_pb2.VoidEvaluationResponse) -> None:
        """Takes a void down; it must be the first one again, if there was one."""
        given = usage_pb2.VoidEvaluationResponse()
        given.CopyFrom(response)
        given.evaluation.duplicate = False
        assert self.void is None or self.void == given, f"first:\n{self.void}\nthen:\n{given}"
        self.void = given


@dataclass
class Traffic:
    """Events made up from chances, and the notes of all that were."""

    chance: random.Random
    notes: list[Note] = field(default_factory=list)
    by_key: dict[Key, Note] = field(default_factory=dict)
    conflicts: int = 0

    def fresh(self, ruleset: str | None = None) -> Note:
        """A new event; a few are of no use to their ruleset, and refused."""
        return self._invalid(ruleset) if self.chance.random() < REFUSED else self.valid(ruleset)

    def valid(self, ruleset: str | None = None) -> Note:
        """A new event that claims its id."""
        ruleset, event = self._made(ruleset)
        return self._noted(ruleset, event, True)

    def _invalid(self, ruleset: str | None) -> Note:
        ruleset, event = self._made(ruleset)
        match self.chance.randrange(3):
            case 0:
                event = replace(event, type="no.such")
            case 1:
                event = replace(event, time=JUNE - 1 - self.chance.randrange(DAY))
            case _:
                event = replace(event, data=dict.fromkeys(event.data, "ever so many") or {"ticket": 7})
        return self._noted(ruleset, event, False)

    def _made(self, ruleset: str | None) -> tuple[str, Event]:
        chance, number = self.chance, len(self.notes)
        ruleset = ruleset or chance.choice(sorted(MAKERS))
        event_id = chance.choice(
            (f"{number}", f"№ {number}", f"e{number}", f"E{number}", f"{chance.random()}/{number}")
        )
        kind, data = MAKERS[ruleset](chance)
        time = FIRST_DAY + chance.randrange(55 * DAY)
        return ruleset, Event(event_id, chance.choice(SOURCES), kind, chance.choice(SUBJECTS), time, data)

    def _noted(self, ruleset: str, event: Event, claims_key: bool) -> Note:
        note = Note(ruleset, message_of(event), claims_key)
        self.notes.append(note)
        self.by_key[note.key] = note
        return note

    def next(self, ruleset: str | None = None) -> Note:
        """A new event, or at times one that was sent before, answered or not."""
        if self.notes and self.chance.random() < 0.12:
            again = self.chance.choice(self.notes[-300:])
            if ruleset is None or again.ruleset == ruleset:
                return again
        return self.fresh(ruleset)

    def acknowledged(self) -> Note | None:
        """Some event whose evaluation was acknowledged, and so holds its id."""
        for _ in range(20):
            if self.notes and (note := self.chance.choice(self.notes)).claims_key and note.answer is not None:
                return note
        return None

    def conflicting(self) -> pb.EvaluateRequest | None:
        """Other content under an id that is taken."""
        note = self.acknowledged()
        if note is None:
            return None
        request = pb.EvaluateRequest(ruleset=note.ruleset, event=note.event)
        if self.chance.random() < 0.5:
            request.event.subject += "!"
        else:
            request.event.time.seconds += 1
        self.conflicts += 1
        return request

    def open(self) -> list[Note]:
        """Events that were sent and never acknowledged."""
        return [note for note in self.notes if note.sent and not note.acknowledged]


def take_down(note: Note, result: pb.EvaluateBatchResponse.Result) -> None:
    """Takes one result of a batch down."""
    if result.HasField("evaluation"):
        note.answered(result.evaluation)
    else:
        error: status_pb2.Status = result.error
        note.refused(error.code)


# ── events that the tests' rules count ──────────────────────────────────────

Made = tuple[str, dict[str, object]]


def _shop(chance: random.Random) -> Made:
    if chance.random() < 0.5:
        return "search", {"voice": chance.random() < 0.8, "results": chance.randrange(4)}
    return "answer", {"ticket": f"t{chance.randrange(60)}", "words": chance.randrange(1, 8)}


def _limited(chance: random.Random) -> Made:
    return "ask", {}


def _volume(chance: random.Random) -> Made:
    return "load", {"amount": chance.randrange(60)}


def _zoned(chance: random.Random) -> Made:
    return "call", {"spent": chance.randrange(600)}


MAKERS: dict[str, Callable[[random.Random], Made]] = {
    "shop": _shop,
    "limited": _limited,
    "volume": _volume,
    "zoned": _zoned,
}

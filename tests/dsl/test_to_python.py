"""A compiled ruleset answers as the interpreter does, in every field, for any program and event, and never raises."""

import linecache
import random
import time
import traceback
from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl import interpreter
from dsl.checker import check
from dsl.core import Ruleset
from dsl.evaluation import CounterKey, Evaluation, Refusal
from dsl.event import Event, Instant, Other
from dsl.invariants import violated
from dsl.source import Source
from dsl.to_python import compile_ruleset, kept, loader
from dsl.to_python.dispatch import FEW
from tests.dsl.rules import JULY, apply, event, hours, ruleset
from tests.programs import Program, as_event, programs, random_events, random_program

EVENTS_EACH = 30


def agree(checked: Ruleset, events: Iterable[Event], explain: bool = False) -> list[Evaluation | Refusal]:
    """Evaluate events in order by both back ends against one ledger; all that they say must be equal."""
    evaluate = compile_ruleset(checked).evaluate
    counters: dict[CounterKey, int] = {}
    results = []
    for one in events:
        expected = interpreter.evaluate(checked, one, counters, explain)
        assert evaluate(one, counters) == expected, one
        apply(counters, expected)
        results.append(expected)
    return results


def agree_on(program: Program, rng: random.Random, events: int = EVENTS_EACH) -> None:
    checked, diagnostics = check(Source("random.vpi", program.text))
    assert checked is not None, diagnostics
    assert not violated(checked)
    agree(checked, map(as_event, random_events(program, rng, events)), explain=rng.random() < 0.2)


# ── any program, any event ──────────────────────────────────────────────────


@pytest.mark.parametrize("block", range(10))
def test_random_programs(block: int) -> None:
    for seed in range(block * 40, block * 40 + 40):
        rng = random.Random(seed)
        agree_on(random_program(rng), rng)


@given(program=programs(), seed=st.integers(0, 2**32))
def test_programs_that_shrink(program: Program, seed: int) -> None:
    agree_on(program, random.Random(seed), 10)


@pytest.mark.long
@pytest.mark.parametrize("block", range(50))
def test_many_random_programs(block: int) -> None:
    start = random.SystemRandom().randrange(10**9)
    for seed in range(start, start + 200):
        rng = random.Random(seed)
        try:
            agree_on(random_program(rng), rng, 100)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


ANYTHING: list[object] = [
    None, True, 0, 1, 6, -1, 10**40, 10**5000, 3.0, 0.1, 0.1 + 0.2, 1e300, float("nan"), float("inf"),
    Decimal("3.0"), Decimal("1e200000"), Decimal("1e-200000"), Decimal("NaN"), Decimal("sNaN"), Decimal("0E+99"),
    Decimal("1." + "1" * 10_000), "x", "", "free", "call centre", "3", "1.5", "1e5", "1" * 500, "é", "\0", "\ud800",
    "😀" * 4096, "a" * 4097, "2026-07-01T00:00:00Z", "2026-07-01T00:00:00", "0001-01-01T00:00:00+23:59", Instant(5),
    Instant(10**30), Other("an object"), [], ["a"], ["a", 1], ["a"] * 257, ["\0"], b"x", object(),
]  # fmt: skip


def test_any_value_anywhere() -> None:
    checked = ruleset(
        """
interaction sold
  counts sale with plan is free and (note is missing or length of note ≥ 3)
  limit 3 per day
  units n + amount * 2
  price per month
    first 10 free
    then at 1.00 per 3 units
  cap 5.00 per member per week
interaction rest
  also counts any event with n ≥ 0
  price 1.00
"""
    )
    good = {"n": 2, "amount": "1.5", "plan": "free", "note": "abcd", "seen": "2026-07-01T00:00:00Z", "tags": ["a"]}
    rng = random.Random(7)
    events = []
    for _ in range(3000):
        data = {name: rng.choice(ANYTHING) if rng.random() < 0.2 else value for name, value in good.items()}
        if rng.random() < 0.2:
            data[rng.choice(["plam", "Note", "\0", "x" * 1000])] = rng.choice(ANYTHING)
        one = Event("1", "/", "sale", "acme", JULY, data, ("n",) if rng.random() < 0.02 else ())
        for name in ("id", "source", "type", "subject", "time"):
            if rng.random() < 0.02:
                setattr(one, name, rng.choice(ANYTHING))
        events.append(one)
    results = agree(checked, events)
    ids = {v.id for result in results if isinstance(result, Refusal) for v in result.violations}
    assert ids >= {"wrong-type", "out-of-range", "too-long", "forbidden-character", "unknown-word", "missing-attribute"}
    assert sum(isinstance(result, Evaluation) for result in results) > 300


# ── event types that many interactions count ────────────────────────────────


def many(rng: random.Random, interactions: int) -> str:
    """Interactions that are told apart by one or two attributes, some of them not at all."""
    plans = ["plan is free", "plan is pro", 'plan is "call centre"', 'plan is one of (free, "call centre")']
    texts = []
    for number in range(interactions):
        conditions = [rng.choice(plans)] if rng.random() < 0.7 else []
        conditions += [f"n is {rng.randrange(8)}"] if rng.random() < 0.6 else []
        conditions += [f"n is one of ({rng.randrange(4)}, {rng.randrange(4, 8)})"] if rng.random() < 0.1 else []
        conditions += [rng.choice(["gift", "not gift"])] if rng.random() < 0.3 else []
        conditions += ["amount > 1"] if rng.random() < 0.2 or not conditions else []
        conditions += ['note is given and note is "a"'] if rng.random() < 0.2 else []
        lines = [f"sale with {' and '.join(conditions)}"]
        if rng.random() < 0.2:
            lines.append(f"{rng.choice(['sale', 'refund'])} with n is {rng.randrange(8)}")
        also = "also " if rng.random() < 0.1 else ""
        counts = "\n".join(f"  {also}counts {line}" for line in lines)
        limit = "  limit 2 per member per day\n" if rng.random() < 0.2 else ""
        texts.append(
            f"interaction i{number}\n{counts}\n{limit}  price per month\n    first 2 free\n    then at {number + 1}\n"
        )
    return "".join(texts)


@pytest.mark.parametrize("seed", range(12))
def test_many_interactions_on_one_event_type(seed: int) -> None:
    rng = random.Random(seed)
    checked = ruleset(many(rng, rng.choice([3 * FEW, 60, 200])))
    events = [
        event(
            rng.choice(["sale", "sale", "sale", "sale.refund"]),
            n=rng.randrange(9),
            plan=rng.choice(["free", "pro", "call centre"]),
            member=rng.choice("ab"),
            **({"note": rng.choice("ab")} if rng.random() < 0.5 else {}),
            time=hours(rng.randrange(48)),
            gift=rng.random() < 0.5,
            amount=rng.choice(["0", "2"]),
        )
        for _ in range(200)
    ]
    results = agree(checked, events)
    assert len({result.interaction for result in results if isinstance(result, Evaluation)}) > 3


def test_what_an_event_type_does_not_lead_to_is_not_tried() -> None:
    text = "".join(f'interaction i{n}\n  counts sale with member is "m{n}"\n  price {n + 1}\n' for n in range(1000))
    checked = ruleset(text)
    start = time.process_time()
    compiled = compile_ruleset(checked)
    assert time.process_time() - start < 4
    tried: list[str] = []

    class Text(str):
        def __eq__(self, other: object) -> bool:
            tried.append(str(other))
            return str(self) == str(other)

        __hash__ = str.__hash__

    result = compiled.evaluate(event(member=Text("m700")), {})
    assert isinstance(result, Evaluation)
    assert result.interaction == "i700"
    assert len(tried) < 5


def test_event_types_beyond_a_number_are_compiled_when_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = ruleset("".join(f"interaction i{n}\n  counts any event with n is {n}\n  price 1\n" for n in range(30)))
    whole = compile_ruleset(checked).source
    monkeypatch.setattr(loader, "MOST_AT_ONCE", 40)
    assert len(compile_ruleset(checked).source) < len(whole)
    agree(checked, [event(rng, n=n) for n in range(30) for rng in ("sale", "sale.refund", "sale")])


# ── answers that are made once ──────────────────────────────────────────────

KEPT = """
interaction by_plan
  counts sale with not gift and (n is 1 or n is 2)
  price by plan
    pro 0.50
    otherwise 0.20
interaction masked
  counts sale with member is "b" and n ≥ 3
  price 1.00
interaction evening
  counts sale with time of day between 18:00 and 20:00 and n is 5
  price 2.00
interaction by_units
  counts refund with n > 0
  units n / 3 rounded up
  price by plan
    free 0.01
    otherwise 0.02
"""


def test_kept_answers_are_those_of_the_same_values() -> None:
    rng = random.Random(3)
    small = [-1, 0, 1, 2, 3, 5, 100, 101, 400]
    events = []
    for _ in range(3000):
        one = event(
            rng.choice(["sale", "sale.refund"]),
            n=rng.choice(small),
            plan=rng.choice(["free", "pro", "call centre"]),
            member=rng.choice("ab"),
            time=hours(rng.randrange(48)),
        )
        if one.type == "sale" and rng.random() < 0.5:
            one.data["gift"] = rng.random() < 0.5
        if rng.random() < 0.2:
            del one.data[rng.choice(["n", "plan", "member"])]
        if rng.random() < 0.2:
            one.data[rng.choice(["plam", "zzz"])] = 1  # A warning, perhaps, and other values as before.
        events.append(one)
    results = agree(ruleset(KEPT), events)
    assert len({result.reason for result in results if isinstance(result, Evaluation)}) > 30
    assert {bool(result.warnings) for result in results if isinstance(result, Evaluation)} == {True, False}


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (event(n=1, plan="pro"), event(n=1, plan="pro", member="b"), True),
        (event(n=1, plan="pro"), event(n=1, plan="free"), False),
        (event(n=1, plan="free"), event(n=1, plam="free"), False),
        (event("sale.refund", n=4), event("sale.refund", n=4, member="b"), True),
        (event("sale.refund", n=101), event("sale.refund", n=101), False),
        (event(n=5), event(n=5), False),
    ],
    ids=["same words", "other words", "a warning", "same units", "large integers", "the clock and a text decide"],
)
def test_an_answer_is_shared_where_common_values_alone_decide_it(first: Event, second: Event, shared: bool) -> None:
    evaluate = compile_ruleset(ruleset(KEPT)).evaluate
    assert (evaluate(first, {}) is evaluate(second, {})) == shared


def test_an_answer_that_moves_a_counter_is_not_shared() -> None:
    evaluate = compile_ruleset(ruleset("interaction i\n  counts sale\n  limit 5 per day\n  price 1\n")).evaluate
    assert evaluate(event(), {}) is not evaluate(event(), {})


def test_kept_answers_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST_EACH", 3)
    checked = ruleset("interaction i\n  counts sale with n ≥ 0\n  price 1\n")
    evaluate = compile_ruleset(checked).evaluate
    pairs = [(evaluate(event(n=n), {}), evaluate(event(n=n), {})) for n in range(6)]
    assert [first is again for first, again in pairs] == [True] * 3 + [False] * 3
    agree(checked, [event(n=n % 6) for n in range(12)])


# ── what is written ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("levels", [10, 24])
def test_deep_expressions(levels: int) -> None:
    units = "(" * levels + "n" + " / 3 rounded up + 1)" * levels
    deep = "(gift and (n ≥ 2 or " * levels + "gift" + "))" * levels
    checked = ruleset(f"interaction i\n  counts sale with {deep}\n  units {units}\n  price 1\n")
    agree(checked, [event(n=n, gift=gift) for n in range(4) for gift in (True, False)], explain=True)


def test_long_conditions() -> None:
    for word in ("and", "or"):
        checked = ruleset(
            f"interaction i\n  counts sale with {f' {word} '.join(f'n ≥ {n}' for n in range(1000))}\n  price 1\n"
        )
        agree(checked, [event(n=n) for n in (-1, 0, 500, 2000)], explain=True)


def test_words_and_texts_of_any_characters() -> None:
    strange = "\"'{}\\\n\t%s\u2028é😀"
    quoted = strange.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "")
    checked = ruleset(f'interaction i\n  counts sale with member is not "{quoted}" or n ≥ 3\n  price 1\n')
    (result, _) = agree(checked, [event(member=strange.replace("\n", "")), event(n=3)])
    assert isinstance(result, Evaluation)
    assert result.outcome == "NOT_COUNTED"


def test_tracebacks_show_the_compiled_source() -> None:
    compiled = compile_ruleset(ruleset("interaction i\n  counts sale\n  once per day\n  price 1\n"))

    class Broken:
        def get(self, key: CounterKey, default: int, /) -> int:
            raise RuntimeError("no ledger")

    with pytest.raises(RuntimeError) as raised:
        compiled.evaluate(event(), Broken())
    shown = traceback.format_exception(raised.value)
    assert any("counters.get(key0, 0)" in line for line in shown)
    filename = compiled.evaluate.__code__.co_filename
    assert "".join(linecache.getlines(filename)) == compiled.source
    del compiled, raised
    assert filename.startswith("<shop 1, ")

"""Running a ruleset's examples: its steps in order against one fresh ledger an example, compared to the last digit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsl import core
from dsl.diagnostics.examples import ExampleFailed
from dsl.evaluation import CounterKey, Counters, Evaluation, Line, Outcome, Refusal
from dsl.event import Event
from dsl.nouns import with_number
from dsl.numbers import format_money, format_units
from dsl.source import Span

Evaluate = Callable[[Event, Counters], Evaluation | Refusal]
"""What prices one event, reading counters and changing none."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that did not come out as expected; `step` is its index in the example, from 0."""

    example: str
    step: int
    span: Span
    expected: str
    actual: str
    reason: str

    @property
    def message(self) -> str:
        """One sentence for people, with the reason of the evaluation."""
        sentence = f"expected `{self.expected}`, but {self.actual}"
        return f"{sentence}: {self.reason}" if self.reason else sentence

    @property
    def diagnostic(self) -> ExampleFailed:
        """The failure as a diagnostic, to be shown with its place."""
        return ExampleFailed(
            span=self.span, title=self.example, expected=self.expected, actual=self.actual, reason=self.reason
        )


def run(ruleset: core.Ruleset, evaluate: Evaluate) -> list[Failure]:
    """Every step of every example that does not come out as expected, in the file's order."""
    nouns = {interaction.name: interaction.noun for interaction in ruleset.interactions}
    failures: list[Failure] = []
    for example in ruleset.examples:
        counters: dict[CounterKey, int] = {}
        for index, step in enumerate(example.steps):
            result = evaluate(event_of(ruleset, step, index), counters)
            if isinstance(result, Evaluation):
                for change in result.changes:
                    counters[change.key] = change.before + change.delta
            if not _as_expected(step, result):
                expected, actual = _expected_text(step, nouns), _actual_text(result)
                failure = Failure(example.title, index, step.span, expected, actual, _reason(result))
                failures.append(failure)
    return failures


def event_of(ruleset: core.Ruleset, step: core.Step, index: int) -> Event:
    """The event that a step stands for, as a client would send it."""
    return Event(
        id=f"step {index + 1}",
        source="example",
        type=ruleset.event(step.event).outside,
        subject=step.subject,
        time=step.time,
        data=dict(step.data),
    )


def _as_expected(step: core.Step, result: Evaluation | Refusal) -> bool:
    if isinstance(result, Refusal):
        return step.word == "refused"
    match step.word:
        case "refused":
            return False
        case "limited":
            return result.outcome is Outcome.LIMITED
        case "nothing":
            return result.outcome is Outcome.NOT_COUNTED
        case None:
            expected = sorted((line.interaction, line.units, line.price) for line in step.lines)
            return expected == sorted((line.interaction, line.units, line.price) for line in result.lines)


def _expected_text(step: core.Step, nouns: dict[str, str]) -> str:
    if step.word is not None:
        return step.word
    lines = [Line(line.interaction, line.units, nouns[line.interaction], line.price) for line in step.lines]
    return _lines_text(lines)


def _lines_text(lines: Sequence[Line]) -> str:
    return " and ".join(
        f"{line.interaction}, {with_number(format_units(line.units), line.noun)}, {_price_text(line.price)}"
        for line in lines
    )


def _price_text(amount: int) -> str:
    """Money as an author writes it: `1`, `0.10`, `0.005`."""
    text = format_money(amount)
    return f"{text}0" if text[-2:-1] == "." else text


def _actual_text(result: Evaluation | Refusal) -> str:
    if isinstance(result, Refusal):
        return "it was refused"
    match result.outcome:
        case Outcome.COUNTED:
            return f"it came to `{_lines_text(result.lines)}`"
        case Outcome.LIMITED:
            return "it was `limited`"
        case _:
            return "it came to `nothing`"


def _reason(result: Evaluation | Refusal) -> str:
    if isinstance(result, Refusal):
        return "; ".join(violation.description for violation in result.violations)
    return result.reason

"""What compiled rulesets call and name at run time."""

from collections.abc import Hashable, Sequence

from dsl import acceptance, wording
from dsl.evaluation import Change, Evaluation, Line, Outcome, Refusal
from dsl.numbers import divide_half_even, format_scaled
from dsl.wording.texts import WEEKDAYS, shown_date, shown_instant, shown_word
from dsl.zones import PERIODS, Zone

_MOST_KNOWN = 50_000
MOST_COMMON = 100
"""Counts up to this one come again and again."""
_COMMON = frozenset((None, *range(MOST_COMMON + 1)))
"""None stands for a missing one."""


def merged(results: Sequence[Evaluation], main: int, warnings: tuple[str, ...]) -> Evaluation:
    """One evaluation of those of several interactions, in file order; `main` is the position of the one that is not
    `also`, or -1."""
    if len(results) == 1:
        return results[0]
    counted = [result for result in results if result.lines]
    without_room = [result.reason for result in results if not result.lines]
    limited_by = next((result.limited_by for result in results if not result.lines), "")
    changes = tuple(change for result in results for change in result.changes)
    if not counted:
        reason = wording.merged([], without_room)
        return Evaluation(Outcome.LIMITED, (), -1, reason, warnings, changes, (), limited_by)
    first = sum(1 for result in results[:main] if result.lines) if main >= 0 and results[main].lines else 0
    others = (*counted[:first], *counted[first + 1 :])
    reason = wording.merged([counted[first].reason, *(other.reason for other in others)], without_room)
    lines = tuple(line for result in counted for line in result.lines)
    return Evaluation(Outcome.COUNTED, lines, first, reason, warnings, changes, (), limited_by)


class KnownTexts(set[str]):
    """Texts that have been found fit for a built-in; forgotten when they are many."""

    def admits(self, value: object) -> bool:
        """Whether a value is fit for a built-in; a fit one is kept."""
        if not acceptance.is_built_in(value):
            return False
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self.add(value)
        return True


class KeptAnswers(dict[Hashable, Evaluation]):
    """Answers of one place in a compiled ruleset, by the values that decide them: the first so many that came."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Hashable, answer: Evaluation) -> None:
        """Keep an answer if there is room."""
        if len(self) < self._most:
            self[key] = answer


def needs(interaction: str, why: tuple[str, str, str]) -> str:
    """Why an interaction does not match, from the fact and the need of its condition."""
    return f"{why[0]}, {interaction} needs {why[1]}"


def namespace(zone: Zone) -> dict[str, object]:
    """The global names of a compiled ruleset, its own apart."""
    return {
        "new": object.__new__,
        "Change": Change,
        "Evaluation": Evaluation,
        "Line": Line,
        "Refusal": Refusal,
        "COUNTED": Outcome.COUNTED,
        "LIMITED": Outcome.LIMITED,
        "NOT_COUNTED": Outcome.NOT_COUNTED,
        "NUL": "\0",
        "COMMON": _COMMON,
        "WEEKDAYS": WEEKDAYS,
        "YES_NO": ("no", "yes"),
        "accept": acceptance.accept,
        "decimal_value": acceptance.decimal_value,
        "integer_value": acceptance.integer_value,
        "is_text": acceptance.is_text,
        "known": KnownTexts(),
        "list_value": acceptance.list_value,
        "timestamp_value": acceptance.timestamp_value,
        "warnings_of": acceptance.warnings_of,
        "half_even": divide_half_even,
        "merged": merged,
        "needs": needs,
        "some_unmet": wording.some_unmet,
        "format_scaled": format_scaled,
        "shown": wording.shown,
        "shown_clock": wording.shown_clock,
        "shown_date": shown_date,
        "shown_instant": shown_instant,
        "shown_word": shown_word,
        "day_of": zone.day,
        "hour_of_day": zone.hour_of_day,
        "minute_of_day": zone.minute_of_day,
        "weekday_of": zone.weekday,
        "period_of": zone.period,
        **{f"{period}s": zone.blocks(period) for period in PERIODS},
    }

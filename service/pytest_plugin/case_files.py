"""A fixture file as tests: every line an event with what `vpi evaluate` is expected to print for it.

A line is an event as `vpi evaluate` reads it with one member more, `expected`: any part of the answer. The lines are
priced in their order against one fresh ledger, all of them, whichever are selected as tests.

    {"id": "1", "source": "/app", …, "data": {…}, "expected": {"outcome": "OUTCOME_COUNTED", "price": "0.05"}}
    {"id": "2", "source": "/app", …, "data": {…}, "expected": {"error": {"code": "EVENT_REFUSED"}}}

Which rules price them: those that the first line names, where it is no event but `{"rules": "../2.vpi", "ruleset":
"proptech"}` (either member may be left out; the path is a file or folder, from this file's folder); else those of the
nearest folder that holds rule files, from this file's own upwards to the root of the tests; else the ini option
`vpi_rules`, from that root, `rules` where it is not set.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from dsl.diagnostics import Severity
from dsl.event import Event
from service.answers import as_data, error_as_data
from service.cli.evaluate import malformed
from service.cloudevents import MalformedEvent, json_value, parse_event
from service.errors import ServiceError
from service.evaluator import Evaluator
from service.ledger.memory import MemoryLedger
from service.loading import NoRules, check_files, find, registry_of, sound
from service.pytest_plugin.expectations import differences
from service.pytest_plugin.rule_files import all_shown, headline, name_of_item, shown_path, unreadable
from service.registry import Registry
from service.times import now

_REGISTRIES = pytest.StashKey[dict[Path, Registry]]()
_SETTINGS = {"rules", "ruleset"}
_LONGEST_SHOWN = 400


class CantPrice(Exception):
    """The file's lines can't be priced at all; the text says why."""


@dataclass(frozen=True)
class Line:
    """A line of the file, numbered from 1: its event, and what is expected of the answer."""

    number: int
    text: str
    event: Event | MalformedEvent
    expected: object
    label: str


class CaseFile(pytest.File):
    """A `*.cases.jsonl` file."""

    def collect(self) -> Iterable[pytest.Item]:
        """One item a line; a single one that fails where the file can't be read or there are no rules for it."""
        try:
            self.read()
            _ = self.evaluator
        except CantPrice as problem:
            yield Unpriced.from_parent(self, name="rules", problem=str(problem))
            return
        for line in self.lines:
            yield Case.from_parent(self, name=name_of_item(f"line {line.number}: {line.label}"), line=line)

    def read(self) -> None:
        """Reads the settings and the lines; raises CantPrice."""
        try:
            data = self.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        except OSError as error:
            raise CantPrice(unreadable(error)) from None
        texts = [(number, text) for number, text in enumerate(data.split(b"\n"), 1) if text.strip()]
        self.settings: dict[str, str] = {}
        for name, value in _settings(texts[0][1]).items() if texts else ():
            if not isinstance(value, str) or not value:
                raise CantPrice(f"{shown_path(self.path)}:{texts[0][0]}: `{name}` must be a text in quotes")
            self.settings[name] = value
        self.lines = [_line(number, text) for number, text in texts[1 if self.settings else 0 :]]

    @cached_property
    def evaluator(self) -> Evaluator:
        """The rules with a ledger of their own; raises CantPrice."""
        registry = self._registry()
        try:
            registry.versions(self.settings.get("ruleset", ""))
        except ServiceError as error:
            hint = f'; the first line of {shown_path(self.path)} may say which: {{"ruleset": "…"}}'
            raise CantPrice(f"{error}{hint}") from None
        return Evaluator(registry, MemoryLedger(now), None)

    def _registry(self) -> Registry:
        """The rules, read once a session however many files they price; raises CantPrice."""
        rules, known = self._rules(), self.config.stash.setdefault(_REGISTRIES, {})
        if rules not in known:
            known[rules] = self._read(rules)
        return known[rules]

    def _read(self, rules: Path) -> Registry:
        try:
            checked = check_files(find([str(shown_path(rules))], rules))
        except NoRules as error:
            raise CantPrice(
                f"{shown_path(self.path)}: {error}; put the file below its rules, name them in its first line as "
                '{"rules": "PATH"}, or set `vpi_rules` in the settings of pytest'
            ) from None
        except OSError as error:
            raise CantPrice(unreadable(error)) from None
        if not sound(checked):
            wrong = [
                all_shown([found], one.source)
                for one in checked
                for found in one.diagnostics
                if found.severity is Severity.ERROR
            ]
            raise CantPrice("\n\n".join([f"the rules have errors, so {shown_path(self.path)} has no prices", *wrong]))
        return registry_of(checked)

    def _rules(self) -> Path:
        """Where the rules lie that price this file."""
        if "rules" in self.settings:
            return (self.path.parent / self.settings["rules"]).resolve()
        root = self.config.rootpath
        for folder in self.path.parents:
            if any(folder.glob("*.vpi")):
                return folder
            if folder == root or not folder.is_relative_to(root):
                break
        return root / str(self.config.getini("vpi_rules"))

    @cached_property
    def answers(self) -> dict[int, dict[str, Any]]:
        """What `vpi evaluate` prints for every line, by the line's number; priced when the first test asks."""
        good = [(line.number, line.event) for line in self.lines if isinstance(line.event, Event)]
        answers = self.evaluator.evaluate(self.settings.get("ruleset", ""), [event for _, event in good])
        found = {
            line.number: malformed(line.number, line.event)
            for line in self.lines
            if isinstance(line.event, MalformedEvent)
        }
        for (number, event), answer in zip(good, answers, strict=True):
            if isinstance(answer, ServiceError):
                found[number] = {"line": number, **error_as_data(answer, event.source, event.id)}
            else:
                found[number] = as_data(answer)
        return found


def _settings(text: bytes) -> dict[str, Any]:
    """The members of a first line that is no event but names the rules; empty where it is anything else."""
    try:
        members = json_value(text.decode("utf-8"))
    except (UnicodeDecodeError, MalformedEvent):
        return {}
    return members if isinstance(members, dict) and members.keys() <= _SETTINGS else {}


def _line(number: int, text: bytes) -> Line:
    shown = text.decode("utf-8", "replace").strip()
    event: Event | MalformedEvent
    try:
        event = parse_event(text.rstrip(b"\r"))
    except MalformedEvent as error:
        event = error
    try:
        members = json_value(shown)
    except MalformedEvent:
        members = None
    if not isinstance(members, dict):
        return Line(number, shown, event, None, "no event")
    labels = (members.get("note"), members.get("id"))
    label = next((label for label in labels if isinstance(label, str) and label.strip()), "an event without an id")
    return Line(number, shown, event, members.get("expected"), label)


class Unpriced(pytest.Item):
    """A file whose lines can't be priced, as one failing test."""

    def __init__(self, *, problem: str, **of_node: Any) -> None:
        super().__init__(**of_node)
        self._problem = problem

    def runtest(self) -> None:
        """Fails with the reason."""
        pytest.fail(self._problem, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, its first line, and what a failure is headed with."""
        return self.path, 0, headline(self)


class Case(pytest.Item):
    """One line: the answer to its event, held against what is expected."""

    parent: CaseFile

    def __init__(self, *, line: Line, **of_node: Any) -> None:
        super().__init__(**of_node)
        self._line = line

    def runtest(self) -> None:
        """Fails with every difference, the reason of the answer, and the event."""
        place, expected = f"{shown_path(self.path)}:{self._line.number}", self._line.expected
        actual = self.parent.answers[self._line.number]
        if not isinstance(expected, dict):
            problem = "its `expected` is no object" if expected is not None else "the line has no `expected`"
            if isinstance(self._line.event, MalformedEvent):
                problem = _reason(actual)
            pytest.fail(
                f"{place}: {problem}; a case is an event with a member `expected`, an object that holds what "
                f"`vpi evaluate` prints for it, or a part of that\n  came to: {json.dumps(actual, ensure_ascii=False)}",
                pytrace=False,
            )
        found = differences(expected, actual)
        if found:
            shown = [f"{place}: {found[0]}", *(f"  {sentence}" for sentence in found[1:])]
            shown += [f"  why: {_reason(actual)}", f"  event: {_short(self._line.text)}"]
            pytest.fail("\n".join(shown), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the line from 0, and what a failure is headed with."""
        return self.path, self._line.number - 1, headline(self)


def _reason(actual: dict[str, Any]) -> str:
    """The sentence that says why the answer is what it is, and by which version."""
    if "error" in actual:
        return str(actual["error"]["message"])
    return f"{actual['reason']} ({actual['ruleset']} version {actual['version']})"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"

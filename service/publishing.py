"""Publishing rule texts to a ledger, and serving what is published there.

What is published never changes. A text that answers every event as the published one does passes for the same: their
checked forms are equal, apart from labels and examples, which no answer shows. Format and comments do not reach that
form at all. The text that was published first is the one that stays.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dsl.core import EventType, Interaction, Ruleset
from dsl.diagnostics import Diagnostic, Severity
from dsl.evaluation import Violation
from dsl.rulesets import Checked as Sound
from dsl.rulesets import check_together
from dsl.source import Source
from service.errors import LedgerUnavailable, RulesRefused, ServiceError, VersionTaken
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, OthersPublished, Published
from service.loading import Checked, check_text, failed_examples
from service.registry import Registry, Version
from service.times import as_text

Found = tuple[Diagnostic, Source]
"""A diagnostic, and the text that it is about."""


class CantPublish(Exception):
    """Rule files can't be published; `sentences` say why, at least one, each with its file."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


class OutdatedRules(Exception):
    """Published rules that this release can't read; the text names each."""


class Publication(NamedTuple):
    """What is published now; whether it had been before, so that nothing changed; what is worth knowing about it."""

    published: Published
    already: bool
    warnings: list[Found]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule file that is sound by itself, its examples included, to be published as `text`."""

    source: Source
    ruleset: Ruleset
    text: str
    diagnostics: tuple[Diagnostic, ...]


def publish_text(ledger: Ledger, path: str, text: str, clock: Callable[[], int], replace: bool = False) -> Publication:
    """Makes a rule text a published version, or finds that it is one; `path` names it in errors.

    With `replace` it takes the place of a version of another text that no entry names. Raises RulesRefused,
    VersionTaken, OutdatedRules and LedgerUnavailable.
    """
    return publish(ledger, propose(path, text), clock, replace)


def propose(path: str, text: str) -> Proposal:
    """The rule text checked by itself and its examples run; takes its time and needs no ledger. Raises RulesRefused."""
    checked = check_text(path, text)
    refusals = _refusals(checked)
    if checked.ruleset is None or refusals:
        raise RulesRefused(path, refusals)
    return Proposal(checked.source, checked.ruleset, text, checked.diagnostics)


def publish(ledger: Ledger, proposal: Proposal, clock: Callable[[], int], replace: bool = False) -> Publication:
    """Publishes what was proposed, if it fits with what is published; see `publish_text`."""
    while True:
        try:
            return _publish(ledger, proposal, clock, replace)
        except OthersPublished:
            continue  # Another process published beside this one: what it was checked with has changed.


def _publish(ledger: Ledger, proposal: Proposal, clock: Callable[[], int], replace: bool) -> Publication:
    ruleset = proposal.ruleset
    versions = [one for one in ledger.published() if one.ruleset == ruleset.name]
    same = next((one for one in versions if one.version == ruleset.version), None)
    if same is not None and not _may_follow(proposal, same, replace):
        raise _taken(same)
    found = _between(proposal, [one for one in versions if one is not same])
    warnings = [(diagnostic, proposal.source) for diagnostic in proposal.diagnostics]
    warnings += [(diagnostic, source) for diagnostic, source in found if diagnostic.severity is not Severity.ERROR]
    if same is not None and _stays(proposal, same, replace):
        return Publication(same, True, warnings)
    errors = [_violation(diagnostic, source) for diagnostic, source in found if diagnostic.severity is Severity.ERROR]
    if errors:
        raise RulesRefused(proposal.source.name, tuple(errors))
    beside = [one.sha256 for one in versions if one is not same]
    return Publication(*_keep(ledger, proposal, clock, replace, beside), warnings)


def publish_files(ledger: Ledger, checked: Sequence[Checked], clock: Callable[[], int]) -> list[Publication]:
    """Publishes rule files as a server finds them when it starts, by ruleset and version.

    New ones are published; those that mean what is published are fine; changed ones take the place of versions that no
    entry names. What is published and no longer among the files stays. Raises CantPublish with all that stands against
    it, before anything is published; OutdatedRules and LedgerUnavailable.
    """
    kept = {(one.ruleset, one.version): one for one in ledger.published()}
    proposals: list[Proposal] = []
    sentences: list[str] = []
    for one in checked:
        ruleset = one.ruleset
        same = kept.get((ruleset.name, ruleset.version)) if ruleset is not None else None
        known = same is not None and same.text == one.source.text
        refusals = _refusals(one, run_examples=not known)
        sentences += [_sentence(refusal) for refusal in refusals]
        if ruleset is None or refusals:
            continue
        proposal = Proposal(one.source, ruleset, one.source.text, one.diagnostics)
        proposals.append(proposal)
        if same is not None and not _may_follow(proposal, same, replace=True):
            sentences.append(f"{one.source.name}: {_taken(same)}")
    proposals.sort(key=lambda proposal: (proposal.ruleset.name, proposal.ruleset.version))
    replaced = {(proposal.ruleset.name, proposal.ruleset.version) for proposal in proposals}
    together = [_sound(one) for key, one in kept.items() if key not in replaced]
    together += [Sound(proposal.source, proposal.ruleset) for proposal in proposals]
    found = [(diagnostic, source) for source, diagnostic in check_together(together)]
    sentences += [_sentence(_violation(d, source)) for d, source in found if d.severity is Severity.ERROR]
    if sentences:
        raise CantPublish(sentences)
    return [_publish_file(ledger, proposal, kept, clock, found) for proposal in proposals]


def _publish_file(
    ledger: Ledger,
    proposal: Proposal,
    kept: dict[tuple[str, int], Published],
    clock: Callable[[], int],
    found: Sequence[Found],
) -> Publication:
    warnings = [(diagnostic, proposal.source) for diagnostic in proposal.diagnostics]
    warnings += [(d, source) for d, source in found if source is proposal.source and (d, source) not in warnings]
    same = kept.get((proposal.ruleset.name, proposal.ruleset.version))
    if same is not None and _stays(proposal, same, replace=True):
        return Publication(same, True, warnings)
    try:
        return Publication(*_keep(ledger, proposal, clock, replace=True), warnings)
    except VersionTaken as error:
        # Another process used or published it just now.
        raise CantPublish([f"{proposal.source.name}: {error}"]) from error


# ── serving what is published ───────────────────────────────────────────────


def registry_from(published: Iterable[Published], known: Registry | None = None) -> Registry:
    """The registry of published versions, each with its text to the byte.

    Versions of `known` that have the same text are taken over as they are, and so are those that are not published.
    Raises OutdatedRules for texts that no longer check under this release.
    """
    versions = {_key(version): version for version in _versions(known)}
    outdated: list[str] = []
    for one in published:
        key = one.ruleset, one.version
        if key in versions and versions[key].text == one.text:
            continue
        checked = check_text(_name(one), one.text)
        if checked.ruleset is None:
            outdated.append(_outdated(one, checked))
        else:
            versions[key] = Version(checked.ruleset, one.text)
    if outdated:
        raise OutdatedRules("\n".join(outdated))
    return Registry(versions.values())


def evaluator_of(ledger: Ledger, clock: Callable[[], int]) -> Evaluator:
    """An evaluator by the rules that are published in a ledger, compiled, which follows what is published later.

    Raises OutdatedRules and LedgerUnavailable.
    """
    registry = registry_from(ledger.published())
    registry.compile()
    evaluator = Evaluator(registry, ledger, clock)
    follow(ledger, evaluator)
    return evaluator


def follow(ledger: Ledger, evaluator: Evaluator) -> None:
    """Has the evaluator serve what other processes publish, from the transaction on in which the ledger tells of it.

    Where this release can't read it, nothing is rated any more: the version in force before would be the wrong one.
    """

    ledger.on_publication(lambda published: adopt(evaluator, published))


def adopt(evaluator: Evaluator, published: Sequence[Published]) -> None:
    """Has the evaluator serve what is published, beside what it serves already; raises LedgerUnavailable where this
    release can't read it.

    To be called where the ledger is written, so that an older state never takes the place of a newer one.
    """
    if news(evaluator.registry, published):
        try:
            registry = registry_from(published, evaluator.registry)
        except OutdatedRules as error:
            raise LedgerUnavailable(str(error)) from error
        registry.compile()
        evaluator.adopt(registry)


def news(registry: Registry, published: Iterable[Published]) -> bool:
    """Whether something is published that the registry does not have."""
    texts = {_key(version): version.text for version in _versions(registry)}
    return any(texts.get((one.ruleset, one.version)) != one.text for one in published)


def _versions(registry: Registry | None) -> list[Version]:
    if registry is None:
        return []
    return [version for name in registry.names() for version in registry.versions(name).by_number()]


def _key(version: Version) -> tuple[str, int]:
    return version.ruleset.name, version.ruleset.version


# ── what stands against it ──────────────────────────────────────────────────


def _may_follow(proposal: Proposal, same: Published, replace: bool) -> bool:
    """Whether a text may be given for a version that is published."""
    return (replace and not same.used) or _same_answers(proposal, same)


def _stays(proposal: Proposal, same: Published, replace: bool) -> bool:
    """Whether the published text is kept; one that no entry names gives way to new labels and comments as well."""
    return same.text == proposal.text or not replace or same.used


def _keep(
    ledger: Ledger, proposal: Proposal, clock: Callable[[], int], replace: bool, beside: Sequence[str] | None = None
) -> tuple[Published, bool]:
    """What is published now, and whether it had been before."""
    ruleset, now = proposal.ruleset, clock()
    sha256 = hashlib.sha256(proposal.text.encode("utf-8")).hexdigest()
    version = Published(ruleset.name, ruleset.version, ruleset.effective, proposal.text, sha256, now)
    try:
        return ledger.publish(version, replace, beside), False
    except VersionTaken:
        # Another process was faster, or has used it: that is fine where it says the same.
        for one in ledger.published():
            if (one.ruleset, one.version) == (ruleset.name, ruleset.version) and _same_answers(proposal, one):
                return one, True
        raise


def _same_answers(proposal: Proposal, published: Published) -> bool:
    """Whether two texts answer every event alike."""
    if proposal.text == published.text:
        return True
    return _bare(proposal.ruleset) == _bare(_sound(published).ruleset)


def _bare(ruleset: Ruleset) -> Ruleset:
    """What answers come from: neither labels nor examples. An example that names the unit has left its noun behind."""
    events = tuple(_bare_event(event) for event in ruleset.events)
    interactions: tuple[Interaction, ...] = tuple(replace(one, label=None) for one in ruleset.interactions)
    return replace(ruleset, events=events, interactions=interactions, examples=())


def _bare_event(event: EventType) -> EventType:
    attributes = tuple(replace(attribute, label=None) for attribute in event.attributes)
    return replace(event, label=None, attributes=attributes)


def _refusals(checked: Checked, run_examples: bool = True) -> tuple[Violation, ...]:
    """One violation an error of a file, or a failed example."""
    errors = [d for d in checked.diagnostics if d.severity is Severity.ERROR]
    if run_examples and not errors:
        errors = [failure.diagnostic for _, failure in failed_examples([checked])]
    return tuple(_violation(diagnostic, checked.source) for diagnostic in errors)


def _between(proposal: Proposal, others: Sequence[Published]) -> list[Found]:
    """What is wrong between a file and the published versions of its ruleset, and is not without the file."""
    sounds = [_sound(one) for one in others]
    before = check_together(sounds)
    after = check_together([*sounds, Sound(proposal.source, proposal.ruleset)])
    return [(diagnostic, source) for source, diagnostic in after if (source, diagnostic) not in before]


def _sound(published: Published) -> Sound:
    """A published version, checked. Raises OutdatedRules."""
    checked = check_text(_name(published), published.text)
    if checked.ruleset is None:
        raise OutdatedRules(_outdated(published, checked))
    return Sound(checked.source, checked.ruleset)


def _outdated(published: Published, checked: Checked) -> str:
    error = next(d for d in checked.diagnostics if d.severity is Severity.ERROR)
    line, column = checked.source.position(error.span.start)
    return (
        f"this release can't read {_name(published)}, which was published {as_text(published.published)}: "
        f"line {line}, column {column}: {error.message}; use the release that published it, or a later one"
    )


def _taken(same: Published) -> ServiceError:
    return VersionTaken(same.ruleset, same.version, as_text(same.published), same.used)


def _name(published: Published) -> str:
    return f"{published.ruleset}@{published.version}"


def _violation(diagnostic: Diagnostic, source: Source) -> Violation:
    line, column = source.position(diagnostic.span.start)
    help_text = f"; {diagnostic.help}" if diagnostic.help else ""
    return Violation(f"{source.name}:{line}:{column}", diagnostic.id, diagnostic.message + help_text)


def _sentence(violation: Violation) -> str:
    return f"{violation.field}: {violation.description}"

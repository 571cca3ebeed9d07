"""Every ledger keeps published versions to the byte and for good; only one that no entry names can be replaced."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import pytest

from service.errors import VersionTaken
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, Published, Rate
from service.times import as_text
from tests.service.ledger.calls import evaluate, recorded
from tests.service.ledger.ledgers import NOW, LedgerUnderTest
from tests.service.rules import FIRST, JULY, JUNE, SECOND_VERSION, event, search


def version(text: str = FIRST, number: int = 1, ruleset: str = "shop", published: int = NOW) -> Published:
    return Published(ruleset, number, JUNE, text, sha256(text.encode()).hexdigest(), published)


def test_a_version_is_kept_to_the_byte(ledger: Ledger) -> None:
    text = FIRST + "# é e\u0301 \U0001f600\r\n\t  \n"
    assert ledger.published() == []
    assert ledger.publish(version(text)) == version(text)
    assert ledger.published() == [version(text)]


def test_versions_are_listed_by_ruleset_and_number(ledger: Ledger) -> None:
    for ruleset, number in (("shop", 10), ("flat", 2), ("shop", 2), ("flat", 1)):
        ledger.publish(version(number=number, ruleset=ruleset))
    assert [(kept.ruleset, kept.version) for kept in ledger.published()] == [
        ("flat", 1), ("flat", 2), ("shop", 2), ("shop", 10),
    ]  # fmt: skip
    assert ledger.stats().versions == 4


def test_the_same_text_again_changes_nothing(ledger: Ledger) -> None:
    ledger.publish(version())
    for again in (ledger.publish(version(published=NOW + 5)), ledger.publish(version(published=NOW + 5), replace=True)):
        assert again == version()
    assert ledger.published() == [version()]


def test_a_published_number_takes_no_other_text(ledger: Ledger) -> None:
    ledger.publish(version())
    with pytest.raises(VersionTaken) as raised:
        ledger.publish(version(SECOND_VERSION))
    assert (raised.value.name, raised.value.version, raised.value.used) == ("shop", 1, False)
    assert raised.value.published == as_text(NOW)
    assert ledger.published() == [version()]


def test_an_unused_version_can_be_replaced(ledger: Ledger) -> None:
    ledger.publish(version())
    other = replace(version(SECOND_VERSION, published=NOW + 5), effective=JULY)
    assert ledger.publish(other, replace=True) == other
    assert ledger.published() == [other]
    assert ledger.publish(version(), replace=True) == version()
    assert ledger.published() == [version()]
    assert ledger.stats().versions == 1


def test_replacing_needs_nothing_to_replace(ledger: Ledger) -> None:
    assert ledger.publish(version(), replace=True) == version()


def test_a_version_is_used_once_an_entry_names_it(evaluator: Evaluator, ledger: Ledger) -> None:
    ledger.publish(version())
    ledger.publish(version(SECOND_VERSION, 2))
    ledger.publish(version(ruleset="store"))
    evaluate(evaluator, search(results="x"), event("no.such", "u"), search(time=0))
    evaluate(evaluator, search("dry"), dry=True)
    assert [kept.used for kept in ledger.published()] == [False] * 3
    recorded(evaluator, search("a", results=0))
    assert [kept.used for kept in ledger.published()] == [True, False, False]
    assert ledger.publish(version()).used


def test_a_used_version_cannot_be_replaced(evaluator: Evaluator, ledger: Ledger) -> None:
    ledger.publish(version())
    recorded(evaluator, search())
    for wanted in (False, True):
        with pytest.raises(VersionTaken) as raised:
            ledger.publish(version(SECOND_VERSION), replace=wanted)
        assert raised.value.used
    evaluator.void("shop", "app", "e1", "why")
    with pytest.raises(VersionTaken):
        ledger.publish(version(SECOND_VERSION), replace=True)
    assert ledger.published() == [replace(version(), used=True)]


def test_a_version_is_used_by_new_events_that_came_along_with_repeated_ones(
    evaluator: Evaluator, ledger: Ledger
) -> None:
    ledger.publish(version())
    ledger.publish(version(SECOND_VERSION, 2))
    recorded(evaluator, search("a"))
    again, new = recorded(evaluator, search("a"), search("b", JULY))
    assert [again.duplicate, new.duplicate, new.version] == [True, False, 2]
    assert [kept.used for kept in ledger.published()] == [True, True]
    with pytest.raises(VersionTaken):
        ledger.publish(version(FIRST, 2), replace=True)


def test_a_version_that_priced_events_before_it_was_published_is_used_at_once(
    evaluator: Evaluator, ledger: Ledger
) -> None:
    recorded(evaluator, search())
    assert ledger.publish(version()).used
    assert [kept.used for kept in ledger.published()] == [True]
    with pytest.raises(VersionTaken):
        ledger.publish(version(SECOND_VERSION), replace=True)


def test_whether_a_version_is_used_is_the_ledgers_word(ledger: Ledger) -> None:
    assert not ledger.publish(replace(version(), used=True)).used
    assert not ledger.published()[0].used


def test_nobody_is_told_of_what_he_published_himself_before_he_could_rate_by_it(
    evaluator: Evaluator, ledger: Ledger
) -> None:
    told: list[Sequence[Published]] = []
    ledger.on_publication(told.append)
    recorded(evaluator, search("a"))
    recorded(evaluator, search("b"))
    assert not any(told)


def test_versions_are_there_after_a_restart(durable: LedgerUnderTest) -> None:
    durable.ledger.publish(version())
    durable.ledger.publish(version(SECOND_VERSION, 2))
    recorded(durable.evaluator(), search())
    ledger = durable.reopen()
    assert ledger.published() == [replace(version(), used=True), version(SECOND_VERSION, 2)]
    with pytest.raises(VersionTaken):
        ledger.publish(version(SECOND_VERSION), replace=True)
    assert ledger.publish(version("other", 2), replace=True) == version("other", 2)


def test_what_another_handle_publishes_is_told_before_anything_is_rated(durable: LedgerUnderTest) -> None:
    here, there = durable.ledger, durable.second()
    happened: list[object] = []
    here.on_publication(lambda versions: happened.append([(kept.ruleset, kept.version) for kept in versions]))
    recorded(durable.evaluator(here), search("before"))
    happened.clear()
    there.publish(version())
    there.publish(version(SECOND_VERSION, 2))
    submission = durable.evaluator(here).submission("shop", [search("a")])

    def rater() -> Rate:
        happened.append("rater")
        return submission.rater()

    here.record([replace(submission, rater=rater)])
    assert happened == [[("shop", 1), ("shop", 2)], "rater"]
    here.record([durable.evaluator(here).submission("shop", [search("b")])])
    assert len(happened) == 2
    there.publish(version("other", 2), replace=True)
    durable.evaluator(here).void("shop", "app", "a", "why")
    assert len(happened) == 3


def test_a_version_that_another_handle_used_cannot_be_replaced(durable: LedgerUnderTest) -> None:
    here, there = durable.ledger, durable.second()
    here.publish(version())
    recorded(durable.evaluator(there), search())
    assert here.published() == [replace(version(), used=True)]
    with pytest.raises(VersionTaken):
        here.publish(version(SECOND_VERSION), replace=True)


def test_a_number_that_another_handle_published_is_taken(durable: LedgerUnderTest) -> None:
    here, there = durable.ledger, durable.second()
    assert here.published() == []
    there.publish(version())
    with pytest.raises(VersionTaken):
        here.publish(version(SECOND_VERSION))
    assert here.publish(version(published=NOW + 9)) == version()


def test_used_is_found_again_by_a_handle_that_saw_the_version_before_it_was_published(durable: LedgerUnderTest) -> None:
    evaluator = durable.evaluator()
    recorded(evaluator, search("a"))
    durable.second().publish(version(SECOND_VERSION, 2))
    recorded(evaluator, search("b", JULY))
    assert [kept.used for kept in durable.ledger.published()] == [True]

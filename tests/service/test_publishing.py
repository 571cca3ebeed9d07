"""Publishing rule texts to a ledger, and serving what is published there."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from dsl.zones import SECOND
from service.errors import LedgerUnavailable, RulesRefused, VersionTaken
from service.evaluator import Evaluator
from service.ledger.interface import Entry, Ledger, Published
from service.ledger.memory import MemoryLedger
from service.ledger.sqlite import SqliteLedger
from service.loading import Checked, check_text
from service.publishing import CantPublish, OutdatedRules, follow, publish_files, publish_text, registry_from
from service.registry import Registry
from tests.service.rules import FIRST, JULY, JUNE, OTHER, SECOND_VERSION, search, version_of

NOW = JULY + 1_000_000
EXAMPLES = """
example "a voice search"
  search (voice: yes, results: 3)  =>  voice_search, 1 unit, 0.05
"""
LABELLED = FIRST.replace("interaction voice_search", 'interaction voice_search "Voice search"').replace(
    "event search", 'event search "A search"'
)
REFORMATTED = "# a comment\n" + FIRST.replace("  voice    boolean default no", "  voice boolean   default no # said")
CHANGED = FIRST.replace("0.05", "0.06")


def clock() -> int:
    return NOW


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made: Ledger = MemoryLedger(clock) if request.param == "memory" else SqliteLedger(tmp_path / "ledger.db", clock)
    yield made
    made.close()


def publish(ledger: Ledger, text: str, replace: bool = False) -> tuple[Published, bool]:
    published, already, _ = publish_text(ledger, "shop/1.vpi", text, clock, replace)
    return published, already


def serve(ledger: Ledger) -> Evaluator:
    """An evaluator by what is published."""
    evaluator = Evaluator(registry_from(ledger.published()), ledger, clock)
    follow(ledger, evaluator)
    return evaluator


def use(ledger: Ledger) -> None:
    """Has an entry name the first version of `shop`."""
    (entry,) = serve(ledger).evaluate("shop", [search("used")])
    assert isinstance(entry, Entry), entry


# ── one text ────────────────────────────────────────────────────────────────


def test_a_sound_text_is_published_to_the_byte(ledger: Ledger) -> None:
    text = REFORMATTED.replace("\n", "\r\n")
    published, already = publish(ledger, text)
    assert not already
    assert (published.ruleset, published.version, published.effective) == ("shop", 1, JUNE)
    assert (published.text, published.published) == (text, NOW)
    assert ledger.published() == [published]
    (version,) = registry_from(ledger.published()).versions("shop").by_number()
    assert (version.text, version.sha256) == (published.text, published.sha256)


@pytest.mark.parametrize("again", [FIRST, REFORMATTED, LABELLED, FIRST + EXAMPLES, FIRST.replace("0.05", "0.050")])
def test_a_text_that_answers_alike_changes_nothing(ledger: Ledger, again: str) -> None:
    first, _ = publish(ledger, FIRST)
    assert publish(ledger, again) == (first, True)
    use(ledger)
    kept, already = publish(ledger, again)
    assert already
    assert (kept.text, kept.used) == (FIRST, True)


@pytest.mark.parametrize(
    "other",
    [
        CHANGED,
        FIRST.replace("2026-06-01", "2026-06-02"),
        FIRST.replace("≥1 result", "results > 0"),
        FIRST.replace("query    string optional", 'query    string default ""'),
        FIRST.replace("units     words", "units     2 * words"),
        FIRST.replace("cap       6", "cap       7"),
    ],
)
def test_a_text_that_may_answer_otherwise_is_refused(ledger: Ledger, other: str) -> None:
    publish(ledger, FIRST)
    with pytest.raises(VersionTaken) as caught:
        publish(ledger, other)
    assert str(caught.value) == (
        "version 1 of shop was published 2026-07-01T00:00:01Z, and never changes; "
        "give what is new the next number and its own `effective`"
    )
    assert [one.text for one in ledger.published()] == [FIRST]


def test_a_version_that_no_entry_names_can_be_replaced(ledger: Ledger) -> None:
    publish(ledger, FIRST)
    published, already = publish(ledger, CHANGED, replace=True)
    assert not already
    assert [one.text for one in ledger.published()] == [CHANGED] == [published.text]


def test_a_version_that_has_priced_an_event_can_not(ledger: Ledger) -> None:
    publish(ledger, FIRST)
    use(ledger)
    with pytest.raises(VersionTaken, match="has priced events, and never changes"):
        publish(ledger, CHANGED, replace=True)
    assert publish(ledger, REFORMATTED, replace=True)[1]
    assert [one.text for one in ledger.published()] == [FIRST]


def test_a_text_with_errors_is_refused_with_each_at_its_place(ledger: Ledger) -> None:
    bad = FIRST.replace("with voice", "with vioce").replace("units     words", "units     wrods")
    with pytest.raises(RulesRefused) as caught:
        publish(ledger, bad)
    assert [(v.field, v.id) for v in caught.value.violations] == [
        ("shop/1.vpi:17:23", "unknown-attribute"),
        ("shop/1.vpi:23:13", "unknown-attribute"),
    ]
    assert caught.value.violations[0].description.endswith("; did you mean `voice`?")
    assert ledger.published() == []


def test_a_text_whose_example_fails_is_refused(ledger: Ledger) -> None:
    with pytest.raises(RulesRefused) as caught:
        publish(ledger, CHANGED + EXAMPLES)
    (violation,) = caught.value.violations
    assert violation.id == "example-failed"
    assert violation.field.startswith("shop/1.vpi:30:")
    assert "0.05" in violation.description and "0.06" in violation.description
    assert ledger.published() == []


def test_the_currency_and_the_zone_are_for_life_whatever_comes_first(ledger: Ledger) -> None:
    publish(ledger, SECOND_VERSION)
    with pytest.raises(RulesRefused) as caught:
        publish(ledger, FIRST.replace("EUR", "USD"))
    (violation,) = caught.value.violations
    assert (violation.id, violation.field) == ("changed-for-life", "shop@2:5:11")
    publish(ledger, FIRST)
    with pytest.raises(RulesRefused) as caught:
        publish(
            ledger, SECOND_VERSION.replace("version   2", "version   3").replace("EUR", "EUR\ntimezone  Asia/Tokyo")
        )
    assert [v.field for v in caught.value.violations] == ["shop/1.vpi:6:11"]


def test_other_rulesets_are_not_asked(ledger: Ledger) -> None:
    publish(ledger, OTHER.replace("EUR", "USD"))
    assert not publish(ledger, FIRST)[1]


def test_warnings_come_with_the_publication(ledger: Ledger) -> None:
    publish(ledger, FIRST)
    same_day = SECOND_VERSION.replace("2026-07-01", "2026-06-01")
    _, _, warnings = publish_text(ledger, "shop/2.vpi", same_day, clock)
    assert [(diagnostic.id, source.name) for diagnostic, source in warnings] == [("equal-effective", "shop/2.vpi")]
    _, already, warnings = publish_text(ledger, "shop/2.vpi", same_day, clock)
    assert already
    assert [diagnostic.id for diagnostic, _ in warnings] == ["equal-effective"]


def test_publishing_says_where_totals_start_again(ledger: Ledger) -> None:
    publish(ledger, FIRST)
    later = SECOND_VERSION.replace("2026-07-01", "2026-07-15").replace("once per  ticket", "once per  ticket per day")
    later = later.replace("cap       6 per month", "cap       6 per ticket per month")
    _, already, warnings = publish_text(ledger, "shop/2.vpi", later, clock)
    assert not already
    assert [(diagnostic.id, diagnostic.message) for diagnostic, _ in warnings] == [
        (
            "total-starts-again",
            "the cap of `answered` starts again at 0 with version 2, in the middle of a month",
        )
    ]


# ── the files of a server ───────────────────────────────────────────────────


def files(*texts: str) -> list[Checked]:
    """The texts as rule files that were read."""
    return [check_text(f"rules/{number}.vpi", text) for number, text in enumerate(texts, 1)]


def test_files_are_published_once(ledger: Ledger) -> None:
    first = publish_files(ledger, files(SECOND_VERSION, OTHER, FIRST), clock)
    assert [(p.published.ruleset, p.published.version, p.already) for p in first] == [
        ("flat", 1, False),
        ("shop", 1, False),
        ("shop", 2, False),
    ]
    again = publish_files(ledger, files(SECOND_VERSION, OTHER, REFORMATTED), clock)
    assert [p.already for p in again] == [True, False, True]  # an unused version takes even another format
    assert [p.already for p in publish_files(ledger, files(SECOND_VERSION, OTHER, REFORMATTED), clock)] == [True] * 3
    assert [one.text for one in ledger.published()] == [OTHER, REFORMATTED, SECOND_VERSION]


def test_a_used_version_keeps_its_text_where_only_the_format_changed(ledger: Ledger) -> None:
    publish_files(ledger, files(FIRST), clock)
    use(ledger)
    (publication,) = publish_files(ledger, files(LABELLED + EXAMPLES), clock)
    assert publication.already
    assert [one.text for one in ledger.published()] == [FIRST]


def test_a_file_that_is_gone_stays_published(ledger: Ledger) -> None:
    publish_files(ledger, files(FIRST, OTHER), clock)
    publish_files(ledger, files(SECOND_VERSION), clock)
    assert [(one.ruleset, one.version) for one in ledger.published()] == [("flat", 1), ("shop", 1), ("shop", 2)]


def test_unused_versions_may_change_together(ledger: Ledger) -> None:
    publish_files(ledger, files(FIRST, SECOND_VERSION), clock)
    dollars = [text.replace("EUR", "USD") for text in (FIRST, SECOND_VERSION)]
    publish_files(ledger, files(*dollars), clock)
    assert [one.text for one in ledger.published()] == dollars


def test_all_that_stands_against_the_files_is_said_at_once_and_nothing_is_published(ledger: Ledger) -> None:
    publish_files(ledger, files(FIRST), clock)
    use(ledger)
    failing = OTHER + '\nexample "free"\n  search ()  =>  active, 1 unit, 0.00\n'
    with pytest.raises(CantPublish) as caught:
        publish_files(ledger, files(CHANGED, SECOND_VERSION.replace("EUR", "USD"), failing), clock)
    used, currency, example = sorted(caught.value.sentences)
    assert used == (
        "rules/1.vpi: version 1 of shop was published 2026-07-01T00:00:01Z and has priced events, and never changes; "
        "give what is new the next number and its own `effective`"
    )
    assert example.startswith("rules/3.vpi:15:3: in the example `free`, expected `active, 1 unit, 0`, but it came to ")
    assert currency.startswith("rules/2.vpi:5:11: the currency of `shop` is `EUR` in version 1, and `USD` here; ")
    assert [one.text for one in ledger.published()] == [FIRST]


def test_a_broken_file_is_named(ledger: Ledger) -> None:
    with pytest.raises(CantPublish, match=r"rules/1\.vpi:17:23: .*; did you mean `voice`\?"):
        publish_files(ledger, files(FIRST.replace("with voice", "with vioce")), clock)


# ── serving ─────────────────────────────────────────────────────────────────


def unreadable() -> Published:
    """A version that this release can't read."""
    text = FIRST.replace("version   1", "version   7") + "\nsubscription gold\n"
    return Published("shop", 7, JUNE, text, "0" * 64, JUNE + SECOND)


def test_a_text_that_no_longer_checks_is_named() -> None:
    published = [Published("shop", 1, JUNE, FIRST, "", 0), unreadable()]
    with pytest.raises(OutdatedRules) as caught:
        registry_from(published)
    assert str(caught.value).startswith(
        "this release can't read shop@7, which was published 2026-06-01T00:00:01Z: line 29, column 1: "
    )


def test_what_is_known_is_not_checked_again() -> None:
    known = Registry([version_of(FIRST), version_of(OTHER)])
    published = [Published("shop", 1, JUNE, FIRST, "", 0), Published("shop", 2, JULY, SECOND_VERSION, "", 0)]
    found = registry_from(published, known)
    assert found.versions("shop").number(1) is known.versions("shop").number(1)
    assert found.names() == ("flat", "shop")
    assert found.versions("shop").number(2).text == SECOND_VERSION


def test_what_another_process_publishes_prices_the_next_event(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ours, theirs = SqliteLedger(path, clock), SqliteLedger(path, clock)
    publish(ours, FIRST)
    evaluator = serve(ours)
    (before,) = evaluator.evaluate("shop", [search("a", time=JULY)])
    publish(theirs, SECOND_VERSION)
    (after,) = evaluator.evaluate("shop", [search("b", time=JULY)])
    assert isinstance(before, Entry)
    assert isinstance(after, Entry)
    assert (before.version, after.version) == (1, 2)
    assert after.evaluation.price == 7 * 10**16
    ours.close()
    theirs.close()


def test_nothing_is_rated_where_a_newer_release_published_what_this_one_can_not_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ours, theirs = SqliteLedger(path, clock), SqliteLedger(path, clock)
    publish(ours, FIRST)
    evaluator = serve(ours)
    theirs.publish(unreadable())
    for _ in range(2):
        with pytest.raises(LedgerUnavailable, match="this release can't read shop@7"):
            evaluator.evaluate("shop", [search("a")])
    assert list(ours.records()) == []
    ours.close()
    theirs.close()


def test_what_another_published_meanwhile_is_checked_again() -> None:
    ledger = MemoryLedger(clock)
    publish = ledger.publish

    def late(version: Published, replace: bool = False, beside: Collection[str] | None = None) -> Published:
        """Another process publishes version 2, in euros, between the check of this one and its publication."""
        ledger.publish = publish  # type: ignore[method-assign]
        publish_text(ledger, "2.vpi", SECOND_VERSION, clock)
        return publish(version, replace, beside)

    ledger.publish = late  # type: ignore[method-assign]
    with pytest.raises(RulesRefused, match="EUR"):
        publish_text(ledger, "1.vpi", FIRST.replace("EUR", "USD"), clock)
    assert [one.version for one in ledger.published()] == [2]

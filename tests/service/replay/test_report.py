"""The report is one file that needs nothing else, and says in words, tables and charts what was found."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from dsl.event import Event
from service.replay.batches import Broken
from service.replay.changes import CantWrite, in_place
from service.replay.charts import Series, lines
from service.replay.comparison import Comparison
from service.replay.report import report, write_report
from service.replay.results import Replay, as_data
from service.replay.samples import Sample
from service.replay.words import headline, money, pair_headline
from tests.service.replay.shipped import compared, side

VOID = frozenset({"meta", "input", "br"})


class Page(HTMLParser):
    """A page's tags, which must be closed in order, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The tag that began last ends."""
        if not (self.get_starttag_text() or "").endswith("/>") or self.open[-1:] == [tag]:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text outside of tags."""
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every tag of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    sides = [side("proptech@2"), side("proptech@1"), side("flat_rate@1")]
    comparison, samples = compared(tmp_path_factory.mktemp("report"), sides)
    broken = [Broken("events.jsonl", 7, "not JSON")]
    return Replay(comparison, tuple(samples), "recorded", "duckdb", ("events.jsonl",), broken, 1, 1, 0, (2, 0, 1))


@pytest.fixture(scope="module")
def text(found: Replay) -> str:
    return report(found)


def test_nothing_is_fetched_from_elsewhere(text: str) -> None:
    page = Page(text)
    assert "default-src 'none'" in str(page.all("meta"))
    assert not re.search(r"https?:|//[a-z]|url\(|@import", re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL))
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert all("src" not in attributes and "href" not in attributes for _, attributes in page.tags)


def test_everything_can_be_read_without_a_script_and_by_ear(text: str, found: Replay) -> None:
    page = Page(text)
    assert page.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.all("table")) > 5
    assert all("scope" in attributes for attributes in page.all("th"))
    drawn = page.all("svg")
    assert len(drawn) == 1 + 2 * len(found.comparison.pairs)
    assert all(attributes["role"] == "img" for attributes in drawn)
    assert len(page.all("desc")) == len(drawn)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_all_that_was_found_stands_in_it(text: str, found: Replay) -> None:
    shown = " ".join("".join(Page(text).texts).split())
    comparison = found.comparison
    for sentence in (headline(comparison), *(pair_headline(comparison, pair) for pair in comparison.pairs)):
        assert sentence in shown
    for one, total in zip(comparison.sides, comparison.totals, strict=True):
        assert one.rules[0].sha256 in shown
        assert money(total.money, "USD") in shown
    for samples in found.samples:
        for sample in samples:
            assert all(" ".join(why.reason.split()) in shown for why in sample.whys)
    assert (
        "1 place could not be read, and what stands there is not among them; the first: events.jsonl:7: not JSON"
        in shown
    )
    assert "2 events that were refused are among them, since other rules may take them." in shown
    assert "1 refused event was dated more than 24 hours ahead when refused: left out." in shown


def test_what_events_hold_is_only_text(found: Replay) -> None:
    sample = found.samples[0][0]
    hostile = Event("<script>alert(1)</script>", '"><b>', "x", "</table>", 0, {})
    changed = Sample(sample.seq, hostile, sample.kinds, sample.whys)
    samples = ((changed,), *found.samples[1:])
    page = Page(report(Replay(found.comparison, samples, "recorded", "duckdb", ("<i>",))))
    assert len(page.all("script")) == 1
    assert not page.all("b") + page.all("i")


def test_it_says_what_priced_it_and_how_events_differ(found: Replay, text: str) -> None:
    engines = {"duckdb": "by DuckDB.", "spark": "by Spark.", "python": "by Python, event by event."}
    assert all(said in report(replace(found, engine=engine)) for engine, said in engines.items())  # type: ignore[arg-type]
    assert "differs in outcome, what counts" in text
    voids = replace(found, comparison=replace(found.comparison, voids=2))
    differing, events = (found.comparison.pairs[0].differing["any"], found.comparison.events)
    assert f"{differing:,} of {events:,} events differ" not in report(voids)
    assert f"{differing:,} events and voids of {events + 2:,} differ" in report(voids)


def test_the_steps_of_a_long_report_are_folded(found: Replay, text: str) -> None:
    one_pair = Replay(
        replace(found.comparison, sides=found.comparison.sides[:2], pairs=found.comparison.pairs[:1]),
        found.samples[:1], "recorded", "duckdb", ("events.jsonl",),
    )  # fmt: skip
    assert "<details open><summary>every step" in report(one_pair)
    assert "<details><summary>every step" in text
    assert "<details open>" not in text


def test_plain_data_tells_the_same(found: Replay) -> None:
    data = as_data(found)
    comparison: Comparison = found.comparison
    assert data["headline"] == headline(comparison)
    assert [one["label"] for one in data["sides"]] == ["proptech@2", "proptech@1", "flat_rate@1"]
    assert [one["money"] for one in data["sides"]] == ["900.51", "625.71", "1296"]
    first = data["comparisons"][0]
    assert (first["before"], first["after"]) == ("proptech@1", "proptech@2")
    listing = next(one for one in first["interactions"] if one["interaction"] == "listing")
    assert listing["money"] == {"before": "317", "after": "721.25", "change": "404.25"}
    assert data["broken_count"] == 1
    assert data["broken"] == [{"file": "events.jsonl", "row": 7, "reason": "not JSON"}]
    assert first["samples"][0]["after"]["steps"]


def test_charts_end_within_their_frame() -> None:
    drawn = lines("Money", ["2026-07-01", "2026-07-02"], [Series("a", [0, 7 * 10**18])], "USD")
    assert 'points="64.0,194.0 468.0,34.7"' in drawn
    assert "<desc>Money in USD over time. In all: a: USD 7.00.</desc>" in drawn
    assert "circle" in lines("Money", ["2026-07-01"], [Series("a", [1])], "USD")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, found: Replay) -> None:
    target = tmp_path / "report.html"
    write_report(found, target)
    before = target.read_text(encoding="utf-8")
    with pytest.raises(UnicodeEncodeError), in_place(target) as part:
        part.write_text("half \ud800", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(CantWrite, match=r"can't write .*: no such file or directory"):
        write_report(found, tmp_path / "nowhere" / "report.html")

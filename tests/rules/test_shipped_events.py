"""The events that ship with the rules are what their README says, and their script writes the same bytes."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

PROPTECH = Path(__file__).resolve().parents[2] / "rules" / "proptech"
EVENTS = PROPTECH / "events"
FILES = sorted(path.name for path in EVENTS.glob("*.jsonl"))
NEW_YORK_IN_SUMMER = timezone(timedelta(hours=-4))


def lines(name: str) -> list[str]:
    """The lines of a file; a line separator inside a text ends none."""
    return (EVENTS / name).read_bytes().decode("utf-8").removesuffix("\n").split("\n")


def events(name: str) -> list[dict[str, Any]]:
    """The events of a file in which every line is one."""
    return [json.loads(line) for line in lines(name)]


def key(event: dict[str, Any]) -> tuple[str, str]:
    """What makes an event the same event."""
    return event["source"], event["id"]


def members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members, of which none may stand twice."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def refuse_constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(name)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_script_writes_the_same_bytes(tmp_path: Path, hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, PROPTECH / "make_events.py", tmp_path], check=True, env=environment)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (EVENTS / name).read_bytes(), name


def test_there_are_enough_of_them() -> None:
    assert sum(len(lines(name)) for name in FILES) >= 2_500
    assert len(events("2026-06.jsonl") + events("2026-07.jsonl")) >= 2_000


def test_the_readme_counts_the_lines_of_every_file() -> None:
    rows = re.findall(r"^\| `([^`]+\.jsonl)` \| ([\d,]+) \|", (EVENTS / "README.md").read_text("utf-8"), re.M)
    assert {name: int(count.replace(",", "")) for name, count in rows} == {name: len(lines(name)) for name in FILES}


@pytest.mark.parametrize(("name", "month"), [("2026-06.jsonl", 6), ("2026-07.jsonl", 7)])
def test_a_month_is_one_month_in_new_york_in_order(name: str, month: int) -> None:
    times = [datetime.fromisoformat(event["time"]) for event in events(name)]
    assert times == sorted(times)
    assert {
        (time.astimezone(NEW_YORK_IN_SUMMER).year, time.astimezone(NEW_YORK_IN_SUMMER).month) for time in times
    } == {(2026, month)}


def test_the_months_have_many_customers_of_very_different_size() -> None:
    months = events("2026-06.jsonl") + events("2026-07.jsonl")
    sizes = Counter(event["subject"] for event in months).most_common()
    assert len(sizes) == 40
    assert sizes[0][1] >= 100 * sizes[-1][1]
    assert len({event["data"]["member"] for event in months}) >= 300
    assert {event["type"] for event in months} == {"search", "support.query", "listing.submit"}


def test_tickets_of_june_come_back_in_july() -> None:
    june, july = (
        {event["data"]["ticket"] for event in events(name) if event["type"] == "support.query"}
        for name in ("2026-06.jsonl", "2026-07.jsonl")
    )
    assert june & july


def test_late_events_belong_to_version_1_and_come_in_no_order() -> None:
    times = [datetime.fromisoformat(event["time"]) for event in events("late.jsonl")]
    assert times != sorted(times)
    assert datetime.fromisoformat("2026-01-01T05:00:00Z") <= min(times)
    assert max(times) < datetime.fromisoformat("2026-07-01T04:00:00Z")


def test_an_id_is_used_once_but_for_the_duplicates() -> None:
    keys = [key(event) for name in ("2026-06.jsonl", "2026-07.jsonl", "late.jsonl") for event in events(name)]
    assert len(keys) == len(set(keys))


def test_duplicates_and_conflicts_repeat_an_earlier_event_and_the_others_do_not() -> None:
    answered = {key(event) for name in ("2026-06.jsonl", "2026-07.jsonl") for event in events(name)}
    seen: Counter[str] = Counter()
    for event in events("duplicates.jsonl"):
        seen[event["expect"]] += 1
        assert (key(event) in answered) == (event["expect"] in {"duplicate", "conflict"}), event
        if event["expect"] != "refused":
            answered.add(key(event))
    assert set(seen) == {"duplicate", "conflict", "new", "refused"}


def test_every_edge_says_what_it_is_about_and_what_must_come_of_it() -> None:
    outcome = re.compile(r"[a-z_]+, [0-9]+ units?, [0-9]+(\.[0-9]*[1-9])?|nothing|limited|unknown|no version")
    for event in events("edges.jsonl"):
        assert outcome.fullmatch(event["expect"]), event
        assert event["note"]


def test_malformed_lines_are_events_to_refuse_and_then_no_events_at_all() -> None:
    broken = []
    for line in lines("malformed.jsonl"):
        try:
            event = json.loads(line, parse_constant=refuse_constant, object_pairs_hook=members_once)
        except (ValueError, RecursionError):
            broken.append(True)
            continue
        broken.append(not (isinstance(event, dict) and event.get("expect") in {"refused", "unknown"}))
    assert broken == sorted(broken)
    assert (broken.count(False), broken.count(True)) == (108, 23)

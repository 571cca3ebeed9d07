"""The report in a real browser: its tables sort and filter, it may style itself, and it fits a phone."""

import json
import re
import shutil
import subprocess
from decimal import Decimal
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from service.replay.report import report
from service.replay.results import Replay
from tests.service.replay.shipped import MODELS, compared, side

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NARROWEST, WIDE = 320, 1280
_SECONDS = 60

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here"),
]

# Pages within pages: the outer one sets a width, looks on, and shows what it saw as JSON.
_AROUND = """<!doctype html><meta charset="utf-8">{frames}<pre id="seen"></pre><script>
"use strict";
const page = number => document.querySelectorAll("iframe")[number].contentDocument;
const shown = table => [...table.tBodies[0].rows].filter(row => !row.hidden);
const column = (table, place) => shown(table).map(row => row.cells[place].textContent);
const sideways = number => page(number).documentElement.scrollWidth - page(number).documentElement.clientWidth;
addEventListener("load", () => {{
  const tables = [...page(0).querySelectorAll("table")];
  const changes = tables.find(table => table.tHead.textContent.includes("Change"));
  const customers = page(0).querySelector("table[data-filter]");
  const seen = {{ sideways: [sideways(0), sideways(1)] }};
  const last = changes.tHead.rows[0].cells.length - 1, head = changes.tHead.rows[0].cells[last];
  head.querySelector("button").click();
  seen.falling = [head.ariaSort, column(changes, last)];
  head.querySelector("button").click();
  seen.rising = [head.ariaSort, column(changes, last)];
  const field = page(0).querySelector("input[type=search]");
  seen.all = column(customers, 0);
  field.value = "METRO";
  field.dispatchEvent(new Event("input"));
  seen.found = column(customers, 0);
  seen.coloured = getComputedStyle(page(0).querySelector(".key.s0")).backgroundColor;
  document.getElementById("seen").textContent = JSON.stringify(seen);
}});
</script>"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a browser makes of the report on the four shipped price lists."""
    folder = tmp_path_factory.mktemp("browser")
    comparison, samples = compared(folder, [side(name) for name in MODELS])
    text = escape(report(Replay(comparison, tuple(samples), "recorded", "duckdb", ("events",))), quote=True)
    frames = "".join(f'<iframe srcdoc="{text}" style="width: {width}px"></iframe>' for width in (WIDE, NARROWEST))
    page = folder / "around.html"
    page.write_text(_AROUND.format(frames=frames), encoding="utf-8")
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    shown = subprocess.run(
        [CHROMIUM, *options, page.as_uri()], capture_output=True, text=True, timeout=_SECONDS, check=True
    )
    found = re.search(r'<pre id="seen">(.+?)</pre>', shown.stdout)
    assert found, Path(page).read_text(encoding="utf-8")[:200]
    return json.loads(unescape(found[1]))


def value(text: str) -> Decimal:
    """The number in a change such as `−1,234.50`."""
    return Decimal(text.replace("−", "-").replace(",", "").replace("≈", ""))


def test_no_width_makes_the_page_scroll_sideways(seen: Any) -> None:
    assert seen["sideways"] == [0, 0]


def test_a_heading_sorts_by_amount_both_ways(seen: Any) -> None:
    (falling, first), (rising, second) = seen["falling"], seen["rising"]
    assert (falling, rising) == ("descending", "ascending")
    assert len({text[:1] for text in first} & {"+", "−"}) == 2
    assert first == sorted(first, key=value, reverse=True)
    assert second == first[::-1]


def test_customers_are_found_by_a_part_of_their_name(seen: Any) -> None:
    assert len(seen["all"]) > len(seen["found"]) == 1
    assert seen["found"] == ["metro-listings"]


def test_its_own_policy_lets_its_styles_through(seen: Any) -> None:
    assert seen["coloured"] == "rgb(31, 95, 191)"

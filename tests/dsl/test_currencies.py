"""The table of currencies is what its script makes of babel's CLDR."""

import runpy
from pathlib import Path

from dsl.currencies import DIGITS

ROOT = Path(__file__).parents[2]


def test_the_table_is_fresh() -> None:
    script = runpy.run_path(str(ROOT / "tests" / "tools" / "make_currencies.py"))
    assert (ROOT / "dsl" / "currencies.py").read_text(encoding="utf-8") == script["module"]()


def test_codes_and_digits_are_those_of_iso_4217() -> None:
    expected = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "GBP": 2, "CHF": 2}
    assert {code: DIGITS[code] for code in expected} == expected
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in DIGITS)


def test_currencies_of_the_past_and_of_nowhere_are_none() -> None:
    assert DIGITS.keys().isdisjoint({"DEM", "XXX", "XTS", "BTC", "CNH", "HRK"})

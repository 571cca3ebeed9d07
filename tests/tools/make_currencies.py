"""Makes `dsl/currencies.py`, the table of currencies, from babel's CLDR: to be run after babel is updated."""

from pathlib import Path

from babel.core import get_global

TABLE = Path(__file__).parents[2] / "dsl" / "currencies.py"
HEAD = '''"""The currencies of ISO 4217 in use, and how many digits after the point each is written with.

Made from babel's CLDR by `tests/tools/make_currencies.py`; not to be edited by hand.
"""

DIGITS: dict[str, int] = {
'''
NO_TERRITORY = {"ZZ", "AQ", "CP"}
NOT_ISO = {"CNH"}
"""In CLDR, but no code of ISO 4217."""


def table() -> dict[str, int]:
    """Digits by code of every currency, and every accounting unit of a country, that is in use today."""
    fractions = get_global("currency_fractions")
    default = fractions["DEFAULT"][0]
    codes = {
        code
        for territory, currencies in get_global("territory_currencies").items()
        if territory not in NO_TERRITORY
        for code, _, end, _ in currencies
        if end is None and code not in NOT_ISO
    }
    return {code: fractions.get(code, (default,))[0] for code in sorted(codes)}


def module() -> str:
    """The text of `dsl/currencies.py`."""
    return HEAD + "".join(f'    "{code}": {digits},\n' for code, digits in table().items()) + "}\n"


if __name__ == "__main__":
    TABLE.write_text(module(), encoding="utf-8")

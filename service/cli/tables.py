"""Plain tables for the terminal: columns under their headings, two spaces between them."""

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

import click

from dsl.currencies import DIGITS


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int] = frozenset()) -> None:
    """Prints rows under headings, an empty row as an empty line; the columns in `numbers` stand to the right."""
    rows = list(rows)
    widths = [max(_width(row[column]) for row in (headings, *rows) if row) for column in range(len(headings))]
    for row in (headings, *rows):
        cells = [
            " " * (width - _width(cell)) + cell if column in numbers else cell + " " * (width - _width(cell))
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        line = "  ".join(cells).rstrip()
        click.echo(click.style(line, bold=True) if row is headings else line)


def amount(text: str, currency: str) -> str:
    """An exact amount with at least the digits of its currency, and every one beyond them: `4.2` in USD is `4.20`."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.ljust(DIGITS.get(currency, 2), "0")
    return f"{whole}.{fraction}" if fraction else whole


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)

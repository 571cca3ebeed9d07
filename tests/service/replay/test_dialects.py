"""Every operator of every dialect computes what Python does, on hostile numbers, texts, lists and times."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from random import Random
from typing import Any

import duckdb
import pytest

from dsl.numbers import divide_half_even
from dsl.to_sql import Dialect, DuckDb, Spark
from dsl.to_sql.numbers import MOST, Number, Numbers, TooLarge
from dsl.zones import DAY, EARLIEST, LATEST, zone_named

TEXTS = [
    "", " ", "a", "a ", "A", "b", "it's", '"', "\\", "\\n", "\\u0041", "\\'", "''", "tab\t", "line\nline", "\r", "%_",
    "\\%", "\u00e9", "e\u0301", "😀", "￿", "a" * 300, "ä b", "--", "/* */", "{}", "${env:HOME}", "${spark.app.name}",
    "$1", "$$", ":a", "?", "\x00", "\x01x", "#", "`",
]  # fmt: skip
DIVISORS = (2, 3, 7, 10, 60, 97, 10**6 - 1, 10**6, 10**6 + 1, 7 * 10**6, 10**12, 10**18, 3 * 10**18 + 1)
Types = dict[str, str]


class Engine:
    """Expressions of one dialect over rows with some columns, each with a value or NULL."""

    dialect: Dialect

    def values(self, types: Types, rows: Sequence[tuple[Any, ...]], texts: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of some expressions for every row, in the rows' order; integers as int."""
        raise NotImplementedError

    def fails(self, text: str) -> bool:
        """Whether an expression is an error."""
        raise NotImplementedError

    def query(self, types: Types, texts: Sequence[str]) -> str:
        """The expressions over a table `given`, whose values came as texts where they are no lists."""
        of = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in types.items())
        chosen = ", ".join(f"{text} AS e{number}" for number, text in enumerate(texts))
        return f"SELECT {chosen} FROM (SELECT place, {of} FROM given) ORDER BY place"


class OfDuckDb(Engine):
    """DuckDB."""

    dialect = DuckDb()

    def __init__(self) -> None:
        self._database = duckdb.connect()

    def values(self, types: Types, rows: Sequence[tuple[Any, ...]], texts: Sequence[str]) -> list[tuple[Any, ...]]:
        lists = {place for row in rows for place, value in enumerate(row) if isinstance(value, list)}
        columns = [f"{name} VARCHAR{'[]' if place in lists else ''}" for place, name in enumerate(types)]
        self._database.execute(f"CREATE OR REPLACE TABLE given (place INTEGER, {', '.join(columns)})")
        questions = ", ".join("?" * (len(types) + 1))
        given = [(place, *map(_written, row)) for place, row in enumerate(rows)]
        self._database.executemany(f"INSERT INTO given VALUES ({questions})", given)
        return self._database.execute(self.query(types, texts)).fetchall()

    def fails(self, text: str) -> bool:
        try:
            self._database.execute(f"SELECT {text}").fetchall()
        except duckdb.Error:
            return True
        return False


class OfSpark(Engine):
    """Spark in a session that is set as a run sets it, but for a zone of another part of the world."""

    dialect = Spark()

    def __init__(self, session: Any) -> None:
        self._session = session.newSession()
        self._error: type[Exception] = import_module("pyspark.errors").PySparkException
        self._session.conf.set("spark.sql.ansi.enabled", "true")
        self._session.conf.set("spark.sql.session.timeZone", "America/St_Johns")

    def values(self, types: Types, rows: Sequence[tuple[Any, ...]], texts: Sequence[str]) -> list[tuple[Any, ...]]:
        lists = {place for row in rows for place, value in enumerate(row) if isinstance(value, list)}
        columns = [f"{name} {'ARRAY<STRING>' if place in lists else 'STRING'}" for place, name in enumerate(types)]
        given = [(place, *map(_written, row)) for place, row in enumerate(rows)]
        # What comes from outside is computed by generated code, unlike constants.
        table = self._session.createDataFrame(given, ", ".join(["place INT", *columns]))
        table.createOrReplaceTempView("given")
        found = self._session.sql(self.query(types, texts)).collect()
        return [tuple(_whole(value) for value in row) for row in found]

    def fails(self, text: str) -> bool:
        try:
            found = self._session.sql(f"SELECT {text}").collect()
        except self._error as error:
            return "OVERFLOW" in str(error) or "OUT_OF_RANGE" in str(error)
        return not found


def _written(value: object) -> object:
    return value if value is None or isinstance(value, list) else str(value)


def _whole(value: Any) -> Any:
    return int(value) if type(value).__name__ == "Decimal" else value


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the engines."""
    return OfDuckDb() if request.param == "duckdb" else OfSpark(request.getfixturevalue("spark"))


# ── integers ────────────────────────────────────────────────────────────────

WAYS: list[tuple[str, Callable[[int, int], int]]] = [
    ("floor_divide", lambda n, by: n // by),
    ("floor_remainder", lambda n, by: n % by),
    ("ceil_divide", lambda n, by: -(-n // by)),
    ("half_even", divide_half_even),
]


@pytest.mark.parametrize(
    ("low", "high", "wide"),
    [
        (-(10**15), 10**15, False),
        (0, 2**63 - 1, False),
        (-(10**22), 10**22, True),
        (-(10**31), 10**31, True),
        (-(10**36), 10**36, True),
        (0, MOST - 10**37, True),
    ],
    ids=["15 digits", "64 bits", "22 digits", "31 digits", "36 digits", "38 digits"],
)
def test_division_is_exact_whatever_the_size(engine: Engine, low: int, high: int, wide: bool) -> None:
    rng, sql = Random(high), Numbers(engine.dialect)
    numbers = [low, high, 0, 1, low // 2, high // 3, *(rng.randint(low, high) for _ in range(20))]
    for by in rng.sample(DIVISORS, 6):
        numbers += [by - 1, by, by + by // 2, high // by * by, high // by * by + by // 2]
    numbers = sorted({number for number in numbers if low <= number <= high})
    texts, expected = [], []
    for by in DIVISORS:
        for name, meant in WAYS:
            try:
                written = getattr(sql, name)(Number("n", low, high, wide), by)
            except TooLarge:
                assert high > 10**18
                continue
            texts.append(written.text)
            expected.append([meant(number, by) for number in numbers])
    assert len(texts) > 20
    type_ = engine.dialect.wide if wide else engine.dialect.small
    found = engine.values({"n": type_}, [(number,) for number in numbers], texts)
    assert [list(column) for column in zip(*found, strict=True)] == expected


def test_a_number_of_a_multiple_is_divided_exactly_below_zero(engine: Engine) -> None:
    numbers = [-(10**36), -(10**30), -6, 0, 6, 10**36]
    texts = [engine.dialect.quotient("n", 2, True, 10**36), engine.dialect.quotient("n", 10**6, True, 10**30)]
    rows = [(number // 10**6 * 10**6,) for number in numbers]
    found = engine.values({"n": engine.dialect.wide}, rows, texts)
    assert found == [(number // 2, number // 10**6) for (number,) in rows]


def test_sums_and_products_of_wide_numbers_keep_every_digit(engine: Engine) -> None:
    wide = engine.dialect.wide
    pairs = [(MOST - 1, 1), (-MOST, MOST), (10**19 - 1, 10**18 + 1), (-(10**18) - 7, 10**19 + 3), (MOST // 2, 2)]
    texts = ["a + b", "(a + b) - b", "least(a, b)", "greatest(a, b)", "CASE WHEN a < b THEN a ELSE b END"]
    found = engine.values({"a": wide, "b": wide}, pairs, texts)
    assert found == [(a + b, a, min(a, b), max(a, b), min(a, b)) for a, b in pairs]
    products = [pair for pair in pairs if abs(pair[0] * pair[1]) <= MOST]
    assert len(products) > 2
    found = engine.values({"a": wide, "b": wide}, products, ["a * b"])
    assert found == [(a * b,) for a, b in products]


def test_what_overflows_is_an_error_and_never_a_wrong_number(engine: Engine) -> None:
    # DuckDB's integers have 127 bits: a little more than 38 digits.
    wide, small = engine.dialect.wide, engine.dialect.small
    most = f"CAST({MOST} AS {wide})"
    for text in (
        f"{most} + {most}", f"{most} * {most}", f"-{most} - {most}",
        f"CAST({2**63 - 1} AS {small}) + CAST(1 AS {small})", f"CAST({2**62} AS {small}) * CAST(2 AS {small})",
        f"CAST({most} AS {small})",
    ):  # fmt: skip
        assert engine.fails(text), text


def test_sums_of_64_bit_integers_do_not_overflow(engine: Engine) -> None:
    total = f"{engine.dialect.total('n')} OVER (ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    found = engine.values({"n": engine.dialect.small}, [(2**63 - 1,)] * 1000, [total])
    assert [value for (value,) in found] == [(2**63 - 1) * count for count in range(1, 1001)]


# ── texts and lists ─────────────────────────────────────────────────────────


def test_text_operators_on_hostile_texts(engine: Engine) -> None:
    sql = engine.dialect
    literals = [sql.string(text) for text in TEXTS]
    texts = list(literals)
    for literal in literals:
        texts += [
            f"t = {literal}", f"t < {literal}", sql.has_part("t", literal), sql.starts_with("t", literal),
            sql.ends_with("t", literal),
        ]  # fmt: skip
    found = engine.values({"t": sql.text}, [(text,) for text in TEXTS], ["t", sql.length("t"), *texts])
    for text, row in zip(TEXTS, found, strict=True):
        wanted: list[object] = [text, len(text), *TEXTS]
        for other in TEXTS:
            wanted += [text == other, text < other, other in text, text.startswith(other), text.endswith(other)]
        assert list(row) == wanted, text


LISTS: list[list[str]] = [
    [], [""], ["", ""], ["a"], ["a", ""], ["", "a"], ["a,1:b"], ["a", "b"], ["1:a"], [","], ["\u00e9"], ["e\u0301"],
    ["a", "b", "a"], ["b", "a"], TEXTS,
]  # fmt: skip


def test_list_operators_on_hostile_lists(engine: Engine) -> None:
    sql = engine.dialect
    members = [sql.has_member("l", sql.string(text)) for text in TEXTS]
    literals = [f"l = {sql.strings(texts)}" for texts in LISTS]
    found = engine.values({"l": sql.texts}, [(texts,) for texts in LISTS], [sql.size("l"), *members, *literals])
    for texts, row in zip(LISTS, found, strict=True):
        assert list(row) == [len(texts), *(text in texts for text in TEXTS), *(texts == other for other in LISTS)]


def test_lists_are_joined_so_that_no_two_are_alike(engine: Engine) -> None:
    found = engine.values({"l": engine.dialect.texts}, [(texts,) for texts in LISTS], [engine.dialect.joined("l")])
    assert len({joined for (joined,) in found}) == len(LISTS)


def test_nothing_is_made_of_what_is_missing(engine: Engine) -> None:
    sql = engine.dialect
    texts = [
        sql.length("t"), sql.size("l"), sql.has_member("l", "'a'"), sql.has_part("t", "'a'"),
        sql.starts_with("t", "'a'"), sql.ends_with("t", "'a'"), sql.quotient("n", 3, False, 10**18),
        sql.remainder("n", 3, False), sql.month_number("n"),
        sql.quotient(f"CAST(n AS {sql.wide})", 10**7, True, 10**30),
    ]  # fmt: skip
    types = {"t": sql.text, "l": sql.texts, "n": sql.small}
    rows: list[tuple[Any, ...]] = [(None, None, None), ("a", ["a"], 5)]
    assert engine.values(types, rows, texts)[0] == (None,) * len(texts)


# ── time and order ──────────────────────────────────────────────────────────


def test_months_of_any_year_whatever_the_sessions_zone(engine: Engine) -> None:
    rng, zone = Random(4), zone_named("UTC")
    instants = [EARLIEST, -DAY, -1, 0, DAY - 1, LATEST, *(rng.randint(EARLIEST, LATEST) for _ in range(200))]
    for year, month in ((1900, 3), (1969, 12), (1970, 1), (2000, 3), (2024, 2), (2024, 3), (2100, 3), (2900, 1)):
        first = (datetime(year, month, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        instants += [first - 1, first]
    found = engine.values({"n": engine.dialect.small}, [(n,) for n in instants], [engine.dialect.month_number("n")])
    assert [value for (value,) in found] == [zone.month(instant) for instant in instants]


def test_rows_take_their_places_by_several_columns_with_what_is_missing_last(engine: Engine) -> None:
    rng, small, text = Random(6), engine.dialect.small, engine.dialect.text
    rows = [
        (rng.choice([None, -5, 0, 7]), rng.choice([None, "", "a", "B", "￿", "😀"]), number)
        for number in rng.sample(range(100), 60)
    ]
    place = engine.dialect.place(("n", "t", "s"))
    rank = f"row_number() OVER (ORDER BY {place})" if engine.dialect.numbers_customers is False else place
    found = engine.values({"n": small, "t": text, "s": small}, rows, [rank])
    ordered = sorted(rows, key=lambda row: (row[0] is None, row[0] or 0, row[1] is None, row[1] or "", row[2]))
    assert [ordered[value - 1] for (value,) in found] == rows

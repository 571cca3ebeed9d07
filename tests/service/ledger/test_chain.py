"""The hash of a row: the same for the same row always, another for any other, and quick to work out."""

import hashlib
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.chain import genesis, link

START = genesis(1)
fields = st.lists(st.one_of(st.text(st.characters(exclude_categories=())), st.binary(), st.integers()), max_size=5)


def test_the_hash_is_of_every_field_with_its_kind_and_length() -> None:
    row = START + b"s2:\xc3\xa9" + b"b3:\x00s1" + b"i-7;" + b"s0:"
    assert link(START, ["é", b"\x00s1", -7, ""]) == hashlib.sha256(row).digest()


def test_the_start_of_a_chain_is_its_writers_own() -> None:
    assert genesis(1) == genesis(1)
    assert len({genesis(writer) for writer in range(100)}) == 100
    assert len(genesis(7)) == 32


def test_rows_that_look_alike_have_other_hashes() -> None:
    rows: list[list[str | bytes | int]] = [
        ["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], [b"abc"], ["1"], [1], [b"1"], [11], [1, 1],
        ["s1:a"], ["a", "a"], ["é"], ["e\u0301"], ["\ud800"], ["\ud83d\ude00"], ["\U0001f600"], ["\0"], [""], [],
    ]  # fmt: skip
    assert all(link(START, one) != link(START, other) for one, other in combinations(rows, 2))


@given(fields, fields)
def test_two_rows_have_one_hash_only_if_they_are_equal(
    one: list[str | bytes | int], other: list[str | bytes | int]
) -> None:
    assert (link(START, one) == link(START, other)) is (one == other)


@given(fields)
def test_a_row_after_another_has_another_hash(row: list[str | bytes | int]) -> None:
    assert link(genesis(1), row) != link(genesis(2), row)


@pytest.mark.parametrize("field", [True, 1.5, None])
def test_only_texts_bytes_and_integers_are_fields(field: object) -> None:
    with pytest.raises(TypeError, match=type(field).__name__):
        link(START, ["a", field])  # type: ignore[list-item]

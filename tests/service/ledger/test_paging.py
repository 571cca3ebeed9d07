"""Page tokens: opaque, exact, and good only for the query that they came from."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.evaluation import Outcome
from dsl.zones import EARLIEST, LATEST
from service.errors import InvalidRequest
from service.ledger.interface import Query
from service.ledger.paging import position_of, token_of

ALL = Query()
OF_ANN = Query("shop", "ann")
QUERIES = [
    ALL,
    Query("shop"),
    Query(source="shop"),
    Query(event_id="shop"),
    Query(interaction="shop"),
    Query(outcome=Outcome.COUNTED),
    Query(interaction="COUNTED"),
    OF_ANN,
    Query("sho", "pann"),
    replace(OF_ANN, start=0),
    replace(OF_ANN, end=0),
    replace(OF_ANN, start=1, end=2),
    replace(OF_ANN, start=12),
]


@given(st.integers(EARLIEST, LATEST), st.integers(0, 2**63 - 1))
def test_a_token_gives_its_position_back(time: int, sequence: int) -> None:
    assert position_of(OF_ANN, token_of(OF_ANN, (time, sequence))) == (time, sequence)
    assert position_of(ALL, token_of(ALL, (0, sequence))) == (0, sequence)


def test_a_token_is_short_and_can_stand_in_an_address() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", token_of(OF_ANN, (LATEST, 2**63 - 1)))


@pytest.mark.parametrize("query", QUERIES)
def test_a_token_is_good_for_its_own_query_only(query: Query) -> None:
    token = token_of(query, (1, 2))
    for other in QUERIES:
        if other == query:
            assert position_of(other, token)
        else:
            with pytest.raises(InvalidRequest, match="page_token"):
                position_of(other, token)


@pytest.mark.parametrize("wrong", ["x", "é", "=", "AAAA", "\0", "\ud800", "A" * 10_000, "../..", "1", " "])
def test_what_is_no_token_is_refused(wrong: str) -> None:
    for query in (ALL, OF_ANN):
        with pytest.raises(InvalidRequest, match="page_token"):
            position_of(query, wrong)


def test_a_token_with_a_slip_is_refused() -> None:
    token = token_of(ALL, (0, 5))
    slips = {token[:at] + letter + token[at + 1 :] for at in range(len(token)) for letter in "Ab-_9=\n"} - {token}
    for slip in [*slips, token + "A", token + "=", token[:-1], token + "\n", " " + token]:
        with pytest.raises(InvalidRequest, match="page_token"):
            position_of(ALL, slip)

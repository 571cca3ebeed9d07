"""How a ledger's place is written, and that no password in it is ever shown."""

from pathlib import Path

import pytest

from service.cli.ledgers import in_words, ledger_at, open_ledger, shown, without_password
from service.ledger.interface import CantOpen
from service.ledger.memory import MemoryLedger
from service.ledger.sqlite import SqliteLedger
from service.times import now


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("shop.db", "shop.db"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgres://me:s:e/c@r?et@host/db", "postgres://me:***@host/db"),
        ("postgresql://:secret@host/db", "postgresql://:***@host/db"),
        ("postgresql://host/db?user=me&password=secret&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("postgresql:///db?sslpassword=secret", "postgresql:///db?sslpassword=***"),
    ],
)
def test_a_password_is_not_shown(place: str, seen: str) -> None:
    assert shown(place) == seen
    assert "secret" not in in_words(place)


@pytest.mark.parametrize("text", ["can't reach {place}", 'FATAL: "{password}" is wrong', "in {decoded}"])
def test_nor_where_a_driver_quotes_it(text: str) -> None:
    place = "postgresql://me:s%40cret@host/db"
    told = without_password(text.format(place=place, password="s%40cret", decoded="s@cret"), place)
    assert "cret" not in told
    assert "***" in told


def test_a_place_names_its_kind_of_ledger(tmp_path: Path) -> None:
    assert isinstance(open_ledger("memory:", now), MemoryLedger)
    ledger = open_ledger(str(tmp_path / "a.db"), now)
    assert isinstance(ledger, SqliteLedger)
    ledger.close()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mysql://host/db", "there is no ledger of the kind `mysql:`"),
        ("sqlite:///shop.db", "there is no ledger of the kind `sqlite:`; a path is a SQLite file"),
        ("memory", "did you mean `memory:`?"),
        ("", "no ledger is named"),
    ],
)
def test_what_names_no_ledger(place: str, said: str) -> None:
    with pytest.raises(CantOpen, match=said):
        open_ledger(place, now)


def test_commands_that_read_make_no_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end, ledger_at(str(tmp_path / "typo.db")):
        pass
    assert end.value.code == 2
    assert "there is no ledger" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

"""The recorder that several servers share: kept as long as they need it, open to nobody else, and gone afterwards."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.cli import recorders
from service.cli.recorders import kept_recorder
from tests.service.cli.test_workers import alive, until

KEPT = """#!/bin/sh
echo $$ >> {folder}/started
exec cat > {folder}/told
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Puts a program in the recorder's place that notes its numbers and what it is told."""
    path = tmp_path / "program"

    def put() -> Path:
        path.write_text(KEPT.format(folder=tmp_path), encoding="utf-8")
        path.chmod(0o755)
        return path

    monkeypatch.setattr(recorders, "COMMAND", (str(put()),))
    return put


def started(folder: Path) -> list[int]:
    """The numbers of all that were started."""
    file = folder / "started"
    return [int(line) for line in file.read_text(encoding="utf-8").split()] if file.exists() else []


def test_only_its_owner_can_connect_and_nothing_is_left_of_it(tmp_path: Path, program: Callable[[], Path]) -> None:
    with kept_recorder("shop.db") as recorder:
        recorder.begin()
        until(lambda: started(tmp_path))
        until(lambda: "shop.db" in (tmp_path / "told").read_text(encoding="utf-8"))
        folder = Path(recorder.path).parent
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    assert not any(map(alive, started(tmp_path)))


def test_one_that_never_began_is_gone_as_well(tmp_path: Path, program: Callable[[], Path]) -> None:
    with kept_recorder("shop.db"):
        until(lambda: started(tmp_path))
    assert not any(map(alive, started(tmp_path)))


def test_it_is_tried_again_where_none_can_be_started_for_a_while(
    tmp_path: Path, program: Callable[[], Path], caplog: pytest.LogCaptureFixture
) -> None:
    with kept_recorder("shop.db") as recorder:
        recorder.begin()
        until(lambda: started(tmp_path))
        path = program()
        path.unlink()
        recorder._process.kill()
        until(lambda: "no other recorder can be started: No such file or directory" in caplog.text)
        (tmp_path / "told").unlink()
        program()
        until(lambda: len(started(tmp_path)) == 2)
        until(lambda: (tmp_path / "told").exists() and "shop.db" in (tmp_path / "told").read_text(encoding="utf-8"))
        ending = time.monotonic()
    assert time.monotonic() - ending < recorders.END_SECONDS, "it ends by itself"
    assert not any(map(alive, started(tmp_path)))

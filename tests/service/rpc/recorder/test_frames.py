"""Frames: however the bytes are cut on their way, the frames that come out are those that went in."""

from hypothesis import given
from hypothesis import strategies as st

from service.rpc.recorder.frames import Frame, Frames, Kind, framed

FRAMES = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.sampled_from(Kind), st.binary(max_size=40)), max_size=8)


def sent(frames: list[tuple[int, Kind, bytes]]) -> bytes:
    return b"".join(framed(*frame) for frame in frames)


def received(pieces: list[bytes]) -> list[Frame]:
    frames = Frames()
    return [frame for piece in pieces for frame in frames.feed(piece)]


@given(FRAMES, st.data())
def test_frames_cut_at_any_places_come_out_as_they_went_in(
    frames: list[tuple[int, Kind, bytes]], data: st.DataObject
) -> None:
    whole = sent(frames)
    places = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[start:end] for start, end in zip([0, *places], [*places, len(whole)], strict=True)]
    assert received(pieces) == frames


@given(FRAMES)
def test_frames_that_come_byte_by_byte_come_out_as_they_went_in(frames: list[tuple[int, Kind, bytes]]) -> None:
    assert received([bytes([byte]) for byte in sent(frames)]) == frames


def test_a_frame_comes_out_with_its_last_byte_and_not_before() -> None:
    frames = Frames()
    whole = framed(7, Kind.BATCH, b"payload")
    assert frames.feed(whole[:-1]) == []
    assert frames.feed(whole[-1:] + whole[:3]) == [(7, Kind.BATCH, b"payload")]
    assert frames.feed(whole[3:]) == [(7, Kind.BATCH, b"payload")]


def test_a_frame_without_bytes_is_a_frame() -> None:
    assert received([framed(0, Kind.READY, b"")]) == [(0, Kind.READY, b"")]


def test_frames_larger_than_what_is_read_at_a_time_come_out_whole() -> None:
    large = bytes(range(256)) * 50_000
    frames = [(1, Kind.EVALUATE, b"before"), (2, Kind.BATCH, large), (3, Kind.EVALUATE, b"after")]
    whole = sent(frames)
    step = 1 << 20
    assert received([whole[start : start + step] for start in range(0, len(whole), step)]) == frames


def test_what_comes_out_stays_as_it_is_when_more_comes() -> None:
    frames = Frames()
    [(_, _, first)] = frames.feed(framed(1, Kind.ANSWER, b"first"))
    frames.feed(framed(2, Kind.ANSWER, b"other"))
    assert first == b"first"

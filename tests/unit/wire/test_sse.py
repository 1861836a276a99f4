"""Server-sent events, chunked anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.sse import ServerSentEvent, SSEDecoder

ENDS = ["\n", "\r", "\r\n"]
LINES = st.lists(st.sampled_from(["data: a", "data:b", "data: {}", ": ping", "event: x", "id: 1", "data"]), min_size=1)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(ENDS)), max_size=6)


def decode(pieces: list[bytes]) -> tuple[list[ServerSentEvent], bytes]:
    events = SSEDecoder()
    return [event for piece in pieces for event in events.feed(piece)], events.flush()


def split(data: bytes, places: list[int]) -> list[bytes]:
    inside = sorted({place % (len(data) + 1) for place in places})
    return [data[start:end] for start, end in zip([0, *inside], [*inside, len(data)], strict=True)]


@given(stream=STREAMS, places=st.lists(st.integers(0, 500)), tail=st.sampled_from([b"", b"data: unfinished"]))
def test_decoding_does_not_depend_on_chunking(
    stream: list[tuple[list[str], str]], places: list[int], tail: bytes
) -> None:
    data = "".join(end.join([*lines, "", ""]) for lines, end in stream).encode() + tail
    whole, cut_up = decode([data]), decode(split(data, places))

    for events, left in (whole, cut_up):
        assert b"".join(event.raw for event in events) + left == data
    assert [e.data for e in whole[0] if e.data is not None] == [e.data for e in cut_up[0] if e.data is not None]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("lines", "data"),
    [
        (["data: one"], b"one"),
        (["data:one"], b"one"),
        (["data:  one"], b" one"),
        (["data: one", "data: two"], b"one\ntwo"),
        (["event: x", "data: one", "id: 3"], b"one"),
        ([": a comment"], None),
        (["data:"], b""),
    ],
)
def test_data_is_the_joined_data_lines(lines: list[str], end: str, data: bytes | None) -> None:
    events, tail = decode([end.join([*lines, "", ""]).encode()])

    assert [event.data for event in events] == [data]
    assert tail == b""


def test_with_data_keeps_other_fields() -> None:
    assert ServerSentEvent(b"event: x\r\ndata: {\r\ndata: }\r\nid: 3\r\n\r\n").with_data(b"{}") == (
        b"event: x\nid: 3\ndata: {}\n\n"
    )


def test_long_event_in_small_pieces_is_one_event() -> None:
    data = b"data: " + b"x" * 50_000 + b"\n\n"

    events, _ = decode([data[i : i + 7] for i in range(0, len(data), 7)])

    assert [event.raw for event in events] == [data]

"""Server-sent events, cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.sse import Event, Events

ENDS = ["\n", "\r", "\r\n"]
LINES = st.lists(st.sampled_from(["data: a", "data:b", "data: {}", ": ping", "event: x", "id: 1", "data"]), min_size=1)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(ENDS)), max_size=6)


def fed(pieces: list[bytes]) -> tuple[list[Event], bytes]:
    events = Events()
    return [event for piece in pieces for event in events.feed(piece)], events.rest()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    inside = sorted({place % (len(data) + 1) for place in places})
    return [data[start:end] for start, end in zip([0, *inside], [*inside, len(data)], strict=True)]


@given(stream=STREAMS, places=st.lists(st.integers(0, 500)), rest=st.sampled_from([b"", b"data: unfinished"]))
def test_no_byte_is_lost_and_no_cut_changes_the_data(
    stream: list[tuple[list[str], str]], places: list[int], rest: bytes
) -> None:
    data = "".join(end.join([*lines, "", ""]) for lines, end in stream).encode() + rest
    whole, cut_up = fed([data]), fed(cut(data, places))

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
def test_the_data_of_an_event_are_its_data_lines(lines: list[str], end: str, data: bytes | None) -> None:
    events, rest = fed([end.join([*lines, "", ""]).encode()])

    assert [event.data for event in events] == [data]
    assert rest == b""


def test_other_data_keeps_the_other_fields() -> None:
    assert Event(b"event: x\r\ndata: {\r\ndata: }\r\nid: 3\r\n\r\n").with_data(b"{}") == (
        b"event: x\nid: 3\ndata: {}\n\n"
    )


def test_a_long_event_in_small_pieces_is_one_event() -> None:
    data = b"data: " + b"x" * 50_000 + b"\n\n"

    events, _ = fed([data[i : i + 7] for i in range(0, len(data), 7)])

    assert [event.raw for event in events] == [data]

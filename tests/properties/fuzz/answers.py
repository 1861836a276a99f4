"""Hostile answers of each endpoint, whole and streamed, with any value in any place and cut anywhere."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

from prompt_policy.wire import Endpoint
from tests.properties.fuzz.json_text import write_json
from tests.properties.fuzz.values import JUNK, mutate

_TEXT: Final = "\n\n请 Hello\n\n\n\nworld\n"
_REASONING: Final = "\nHm.\n\n"
_CALL: Final = {"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_ITEMS: Final[list[Any]] = [
    {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": _REASONING}],
    "content": [{"type": "reasoning_text", "text": _REASONING}]},
    {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": _TEXT,
    "annotations": []}]},
    {"type": "function_call", "call_id": "1", "name": "f", "arguments": "\n{}"},
]  # fmt: skip
_MESSAGE: Final = {
    "role": "assistant",
    "content": _TEXT,
    "reasoning": _REASONING,
    "reasoning_content": _REASONING,
    "tool_calls": [_CALL],
}
WHOLE: Final[dict[Endpoint, list[Any]]] = {
    "chat": [
        {"id": "c", "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}],
        "usage": {"total_tokens": 3}},
        {"choices": [{"index": n, "message": {"content": text}} for n, text in enumerate([_TEXT, "\n", " x", None])]},
    ],
    "completions": [{"id": "c", "choices": [{"index": 0, "text": _TEXT, "finish_reason": "stop"}]}],
    "responses": [{"id": "resp", "output": _ITEMS, "status": "completed"}],
    "messages": [
        {
            "id": "m", "type": "message", "role": "assistant", "stop_reason": "end_turn",
            "content": [{"type": "thinking", "thinking": _REASONING, "signature": "s"}, {"type": "text", "text": _TEXT},
            {"type": "tool_use", "input": {}}],
        },
    ],
}  # fmt: skip


def _chunks(*deltas: dict[str, Any]) -> list[Any]:
    return [{"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]


def _build_responses_events() -> list[Any]:
    events: list[Any] = [{"type": "response.created", "response": {"id": "resp", "output": []}}]
    for place, (kind, part, text) in enumerate(
        (("reasoning_text", "reasoning_part", _REASONING), ("output_text", "content_part", _TEXT))
    ):
        at, item = {"item_id": f"i{place}", "output_index": place, "content_index": 0}, _ITEMS[place]
        events += [
            {"type": "response.output_item.added", "output_index": place, "item": item},
            *({"type": f"response.{kind}.delta", **at, "delta": text[n : n + 3]} for n in range(0, len(text), 3)),
            {"type": f"response.{kind}.done", **at, "text": text},
            {"type": f"response.{part}.done", **at, "part": item["content"][0]},
            {"type": "response.output_item.done", "output_index": place, "item": item},
        ]  # fmt: skip
    events.append({"type": "response.completed", "response": WHOLE["responses"][0]})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


_MESSAGES_EVENTS: Final[list[Any]] = [
    {"type": "message_start", "message": {"content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": _REASONING}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": p}} for p in ("\n", "\nHel",
    "lo\n\n\n", "w\n")),
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    {"type": "message_stop"},
]  # fmt: skip
EVENTS: Final[dict[Endpoint, list[Any]]] = {
    "chat": [
        *_chunks({"role": "assistant", "content": ""}, {"reasoning": "\nHm."}, {"content": "\n"},
        {"content": "\n请 Hel"}),
        *_chunks({"content": "lo\n\n\n"}, {"content": "\nworld", "tool_calls": [_CALL]}, {"content": "\n \n"}),
        {"id": "c", "choices": [{"index": 1, "delta": {"content": "\nB\n"}}, {"index": 0, "delta": {},
        "finish_reason": "stop"}]},
        {"id": "c", "choices": [], "usage": {"total_tokens": 3}},
    ],
    "completions": [{"id": "c", "choices": [{"index": 0, "text": text}]} for text in ("\n", "Hi", "\n\n")],
    "responses": _build_responses_events(),
    "messages": _MESSAGES_EVENTS,
}  # fmt: skip


def whole_answers(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    """Return whole answers of an endpoint with any value in any place, and sometimes a value that is not an answer."""
    return st.one_of(*[mutate(WHOLE[endpoint])] * 9, JUNK)


FOREIGN: Final = [
    b": ping\n\n", b":\r\n\r\n", b"event: ping\ndata\n\n", b"data: not json\n\n", b"data: {\n\n", b"data: [1]\n\n",
    b"data: \xff\xfe\n\n", b"\n", b"\r", b"\r\n",
    b"data: {\"choices\": [{\"delta\": {\"content\": \"\n\xff\"}}]}\n\n", b"id: 1\nretry: 3\n\n",
    b"data: null\n\ndata: 3\n\n", b"\x00\n\n", b"data:\n\n", b"garbage\n\n",
    b"\xef\xbb\xbfdata: {}\n\n", b"data: " + b"[" * 3000 + b"\n\n", b'data: {"a":' + b"9" * 5000 + b"}\n\n",
    b": [DONE]\n\n", b"Data: {}\n\n",
]  # fmt: skip
DONE: Final = b"data: [DONE]\n\n"


def _encode_event(value: Any, style: int, number: int) -> bytes:
    """Encode an event in one of the styles that the format allows."""
    text = write_json(value)
    end = (b"\n", b"\r\n", b"\r")[style % 3]
    kind = value.get("type") if isinstance(value, dict) else None
    lines = [f"event: {kind}"] if style & 8 and isinstance(kind, str) and kind.isidentifier() else []
    lines += text.replace(", ", ",\n").split("\n") if style & 16 and "\\n" not in text else [text]
    if style & 32:
        lines += [f"id: {number}"]
    space = "" if style & 64 else " "
    fields = [line if line.startswith(("event:", "id:")) else f"data:{space}{line}" for line in lines]
    return end.join(line.encode(errors="surrogatepass") for line in fields) + end + end


@st.composite
def streamed_answers(draw: st.DrawFn, endpoint: Endpoint) -> bytes:
    """Draw a streamed answer with events missing, repeated, out of order or cut, and with other data between them."""
    events = draw(mutate([EVENTS[endpoint]]))
    style = draw(st.sampled_from([0, 0, *range(128)]))
    listed = events if isinstance(events, list) else [events]
    pieces = [_encode_event(event, style, number) for number, event in enumerate(listed)]
    if draw(st.booleans()):
        pieces.append(DONE)
    for what, at, other in draw(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 99), st.integers(0, 99)), max_size=4)
    ):
        _edit_pieces(pieces, what, at % (len(pieces) + 1), other)
    return b"".join(pieces)


def _edit_pieces(pieces: list[bytes], what: int, at: int, other: int) -> None:
    if what == 0:
        pieces.insert(at, FOREIGN[other % len(FOREIGN)])
    elif what == 1:
        pieces.insert(at, DONE)
    elif at == len(pieces):
        pieces.append(b"data: unfinished")
    elif what == 2:
        pieces.insert(other % len(pieces), pieces[at])
    elif what == 3:
        del pieces[at]
    else:
        pieces[at] = pieces[at][: other % (len(pieces[at]) + 1)]


def build_request_body(endpoint: Endpoint) -> bytes:
    """Return an ordinary request of an endpoint, whose answer is rewritten."""
    turns = [{"role": "user", "content": "Hi"}]
    place = {"chat": "messages", "messages": "messages", "responses": "input", "completions": "prompt"}[endpoint]
    return json.dumps({"model": "m", place: turns if endpoint != "completions" else "Hi"}).encode()

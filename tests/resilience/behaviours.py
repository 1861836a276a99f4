"""Behaviours of the broken backend: valid answers, and the ways in which connections and answers break."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any

from tests.support.broken_backend import Behaviour, Call
from tests.support.fake_answers import JSON, SSE

CHUNKED = {**SSE, "transfer-encoding": "chunked"}
PIECES = ("\n", "Hel", "lo\n\n\n\n", "wor", "ld\n\n\n")
TEXT = "".join(PIECES)
HALF = "".join(PIECES[:3])
"""The text sent before a stream breaks in its middle; a filter buffers its last characters."""
DONE = b"data: [DONE]\n\n"
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "served"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_READ_S = 0.25
ROLE = {"role": "assistant", "content": ""}


def build_answer(message: Any, **changed: Any) -> bytes:
    """Return a whole answer; ``changed`` replaces keys to make it invalid."""
    choices = [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}]
    return _json({**HEAD, "object": "chat.completion", "choices": choices, "usage": USAGE, **changed})


def build_event(delta: Any, finish: str | None = None, **changed: Any) -> bytes:
    """Return an event of a stream; ``changed`` replaces keys to make it invalid."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    return b"data: %b\n\n" % _json({**HEAD, "object": "chat.completion.chunk", "choices": choices, **changed})


def encode_http_chunk(data: bytes) -> bytes:
    """Return bytes as one chunk of HTTP's chunked encoding."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


MESSAGE: dict[str, Any] = {"role": "assistant", "content": TEXT, "reasoning": None, "tool_calls": []}
WHOLE = build_answer(MESSAGE)
EVENTS = (build_event(ROLE), *(build_event({"content": piece}) for piece in PIECES), build_event({}, "stop"))
HALF_EVENTS = b"".join(EVENTS[:4])
STREAM = b"".join(EVENTS) + DONE
ERROR = b'data: {"error": {"message": "out of memory", "type": "server_error", "code": 500}}\n\n'


def send_bytes(body: bytes, headers: Mapping[str, str], status: int = 200) -> Behaviour:
    """Return a behaviour that sends a body, with its true length unless a header sets another."""

    async def behave(call: Call) -> None:
        await call.head({"content-length": str(len(body)), **headers}, status)
        await call.send(body)

    return behave


def end_after(body: bytes, headers: Mapping[str, str]) -> Behaviour:
    """Return a behaviour that sends bytes and closes the connection, although headers or chunks announce more."""

    async def behave(call: Call) -> None:
        await call.head(headers)
        await call.send(body)
        await asyncio.sleep(_READ_S)

    return behave


def choose_by_stream(if_whole: Behaviour, if_stream: Behaviour) -> Behaviour:
    """Return a behaviour that depends on whether the request is for a stream."""

    async def behave(call: Call) -> None:
        await (if_stream if call.body.get("stream") else if_whole)(call)

    return behave


GOOD = choose_by_stream(send_bytes(WHOLE, JSON), send_bytes(STREAM, SSE))


async def _begin(call: Call, part: bytes) -> None:
    """Send a part of a stream, or the beginning of a whole answer."""
    await call.head(CHUNKED if call.body.get("stream") else {**CHUNKED, **JSON})
    await call.send(encode_http_chunk(part if call.body.get("stream") else WHOLE[:60]))


def reset_after(part: bytes) -> Behaviour:
    """Return a behaviour that resets the connection after a part of the answer."""

    async def behave(call: Call) -> None:
        await _begin(call, part)
        await asyncio.sleep(_READ_S)  # a reset discards the bytes that the client has not read yet
        call.reset()

    return behave


async def reset_at_once(call: Call) -> None:
    """Reset the connection before the response."""
    call.reset()


async def stall(call: Call) -> None:
    """Send nothing."""
    await call.stall()


def stall_after(part: bytes) -> Behaviour:
    """Return a behaviour that sends a part of the answer and then nothing."""

    async def behave(call: Call) -> None:
        await _begin(call, part)
        await call.stall()

    return behave


async def stream_forever(call: Call) -> None:
    """Stream until the client disconnects."""
    await call.head(CHUNKED)
    await call.send(encode_http_chunk(build_event(ROLE)))
    leaving = asyncio.ensure_future(call.stall())
    while not leaving.done():
        await call.send(encode_http_chunk(build_event({"content": "Hello\n\n\n\n"})))
        await asyncio.wait([leaving], timeout=0.02)
    leaving.result()


def fail_first(times: int, status: int, then: Behaviour = GOOD) -> Behaviour:
    """Return a behaviour that fails the first requests, with ``retry-after``, and more precisely ``retry-after-ms``."""
    error = _json({"error": {"message": "not now", "type": "overloaded", "param": None, "code": status}})
    failing = send_bytes(error, {**JSON, "retry-after": "1", "retry-after-ms": "50"}, status)

    async def behave(call: Call) -> None:
        await (failing if call.earlier < times else then)(call)

    return behave


WRONG_BODIES: dict[str, Behaviour] = {
    "html": send_bytes(b"<html>Bad gateway</html>", {"content-type": "text/html"}),
    "no-json": send_bytes(b"Bad gateway", JSON),
    "half-json": send_bytes(WHOLE[:60], JSON),
    "empty": send_bytes(b"", JSON),
    "list": send_bytes(b"[]", JSON),
    "number": send_bytes(b"3", JSON),
    "null": send_bytes(b"null", JSON),
    "text": send_bytes(b'"Hello"', JSON),
    "nothing": send_bytes(b"{}", JSON),
    "choices-null": send_bytes(build_answer(MESSAGE, choices=None), JSON),
    "choices-text": send_bytes(build_answer(MESSAGE, choices="Hello"), JSON),
    "choices-numbers": send_bytes(build_answer(MESSAGE, choices=[1, None]), JSON),
    "choices-empty": send_bytes(build_answer(MESSAGE, choices=[]), JSON),
    "index-text": send_bytes(build_answer(MESSAGE, choices=[{"index": "0", "message": MESSAGE}]), JSON),
    "message-null": send_bytes(build_answer(None), JSON),
    "message-list": send_bytes(build_answer([]), JSON),
    "content-number": send_bytes(build_answer({**MESSAGE, "content": 3}), JSON),
    "content-null": send_bytes(build_answer({**MESSAGE, "content": None}), JSON),
    "broken-utf8": send_bytes(WHOLE.replace(b"Hel", b"H\xffl"), JSON),
    "too-short": send_bytes(WHOLE, {**JSON, "content-length": str(len(WHOLE) + 100)}),
    "too-long": send_bytes(WHOLE, {**JSON, "content-length": str(len(WHOLE) - 100)}),
    "length-no-number": send_bytes(WHOLE, {**JSON, "content-length": "many"}),
    "false-gzip": send_bytes(WHOLE, {**JSON, "content-encoding": "gzip"}),
    "gzip": send_bytes(gzip.compress(WHOLE), {**JSON, "content-encoding": "gzip"}),
    "another-type": send_bytes(WHOLE, {"content-type": "text/plain"}),
    "a-stream": send_bytes(STREAM, SSE),
}
"""Invalid whole answers."""


def _insert_events(*wrong: bytes) -> Behaviour:
    """Return a behaviour that sends events in the middle of a valid stream."""
    return send_bytes(b"".join([*EVENTS[:3], *wrong, *EVENTS[3:], DONE]), SSE)


WRONG_STREAMS: dict[str, Behaviour] = {
    "no-json": _insert_events(b"data: Bad gateway\n\n"),
    "half-json": _insert_events(EVENTS[2][:40] + b"\n\n"),
    "broken-utf8": _insert_events(EVENTS[2].replace(b"Hel", b"H\xffl")),
    "list": _insert_events(b"data: []\n\n"),
    "number": _insert_events(b"data: 3\n\n"),
    "null": _insert_events(b"data: null\n\n"),
    "nothing": _insert_events(b"data: {}\n\n"),
    "choices-null": _insert_events(build_event({}, choices=None)),
    "choices-numbers": _insert_events(build_event({}, choices=[1, None])),
    "delta-null": _insert_events(build_event(None)),
    "delta-missing": _insert_events(build_event({}, choices=[{"index": 0, "finish_reason": None}])),
    "delta-list": _insert_events(build_event([])),
    "content-number": _insert_events(build_event({"content": 3})),
    "error": _insert_events(ERROR),
    "error-at-the-end": send_bytes(HALF_EVENTS + ERROR + DONE, SSE),
    "unknown-fields": _insert_events(b": a comment\n\nretry: 3\n\nid: 4\nevent: ping\n\n"),
    "no-done": send_bytes(b"".join(EVENTS), SSE),
    "no-finish": send_bytes(b"".join(EVENTS[:-1]), SSE),
    "half-event": send_bytes(HALF_EVENTS + EVENTS[4][:50], SSE),
    "empty": send_bytes(b"", SSE),
    "after-done": send_bytes(STREAM + STREAM, SSE),
    "too-short": end_after(HALF_EVENTS, {**SSE, "content-length": "100000"}),
    "cut-chunk": end_after(encode_http_chunk(HALF_EVENTS) + b"fff\r\n" + EVENTS[4][:50], CHUNKED),
    "false-gzip": send_bytes(STREAM, {**SSE, "content-encoding": "gzip"}),
    "gzip": send_bytes(gzip.compress(STREAM), {**SSE, "content-encoding": "gzip"}),
    "another-type": send_bytes(STREAM, {"content-type": "text/plain"}),
    "json-type": send_bytes(STREAM, JSON),
    "a-whole-answer": send_bytes(WHOLE, JSON),
    "html": send_bytes(b"<html>Bad gateway</html>", {"content-type": "text/html"}),
}
"""Invalid streams."""

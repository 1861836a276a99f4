"""Answers in the form of an OpenAI-compatible server, whole and as the events of a stream; fakes send them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.support.response_events import build_response_events

Delta = dict[str, str]
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_RESPONSE = {
    "object": "response", "created_at": 1, "status": "completed", "parallel_tool_calls": True, "tool_choice": "auto",
    "tools": [], "temperature": 1, "top_p": 1, "error": None, "incomplete_details": None, "instructions": None,
    "metadata": None, "text": None, "truncation": "disabled", "reasoning": None, "max_output_tokens": None,
    "previous_response_id": None, "user": None,
    "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1,
              "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2},
}  # fmt: skip


def build_answer(endpoint: str, body: dict[str, Any], deltas: Sequence[Delta]) -> dict[str, Any]:
    """Return the body of a whole answer."""
    text = _join(deltas, "content")
    if endpoint == "chat":
        return _chat_answer(body, text, _join(deltas, "reasoning"))
    if endpoint == "completions":
        choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
        return {**_head(body, "text_completion"), "choices": [choice], "usage": _USAGE}
    if endpoint == "responses":
        answer: dict[str, Any] = list(_response_events(body, deltas))[-1]["response"]
        return answer
    content = [{"type": "text", "text": text}]
    return {**_message(body), "content": content, "stop_reason": "end_turn", "usage": _messages_usage()}


def build_events(endpoint: str, body: dict[str, Any], deltas: Sequence[Delta]) -> Iterator[str]:
    """Yield the events of a streamed answer: one for each delta, and those around them."""
    if endpoint in ("chat", "completions"):
        chunks = _chat_chunks(body, deltas) if endpoint == "chat" else _text_chunks(body, deltas)
        yield from (f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
        yield "data: [DONE]\n\n"
        return
    named = _response_events(body, deltas) if endpoint == "responses" else _message_events(body, deltas)
    yield from (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in named)


def _join(deltas: Sequence[Delta], channel: str) -> str:
    return "".join(delta.get(channel, "") for delta in deltas)


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "cmpl-1", "object": kind, "created": 1, "model": body["model"]}


def _chat_answer(body: dict[str, Any], content: str, reasoning: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": content,
        "reasoning": reasoning or None,
        "tool_calls": [],
    }
    choices = [{"index": i, "message": message, "finish_reason": "stop"} for i in range(body.get("n") or 1)]
    return {**_head(body, "chat.completion"), "choices": choices, "usage": _USAGE}


def _chat_chunks(body: dict[str, Any], deltas: Sequence[Delta]) -> Iterator[dict[str, Any]]:
    head = _head(body, "chat.completion.chunk")
    choices = range(body.get("n") or 1)
    for index in choices:
        yield {**head, "choices": [{"index": index, "delta": {"role": "assistant", "content": ""}}]}
    for number, delta in enumerate(deltas, start=1):
        finish = "stop" if number == len(deltas) else None
        for index in choices:
            yield {**head, "choices": [{"index": index, "delta": dict(delta), "finish_reason": finish}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": _USAGE}


def _text_chunks(body: dict[str, Any], deltas: Sequence[Delta]) -> Iterator[dict[str, Any]]:
    for number, delta in enumerate(deltas, start=1):
        finish = "stop" if number == len(deltas) else None
        choice = {"index": 0, "text": delta.get("content", ""), "finish_reason": finish, "logprobs": None}
        yield {**_head(body, "text_completion"), "choices": [choice]}


def _response_events(body: dict[str, Any], deltas: Sequence[Delta]) -> Iterator[dict[str, Any]]:
    pieces = {key: [d[key] for d in deltas if key in d] for key in ("reasoning", "content")}
    for event in build_response_events(pieces["reasoning"], pieces["content"]):
        if "response" in event:
            yield {**event, "response": {**_RESPONSE, "model": body["model"], **event["response"]}}
        else:
            yield event


def _message(body: dict[str, Any]) -> dict[str, Any]:
    return {"id": "msg-1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}


def _messages_usage() -> dict[str, int]:
    return {"input_tokens": 1, "output_tokens": 1}


def _message_events(body: dict[str, Any], deltas: Sequence[Delta]) -> Iterator[dict[str, Any]]:
    started = {**_message(body), "content": [], "stop_reason": None, "usage": _messages_usage()}
    yield {"type": "message_start", "message": started}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for delta in deltas:
        if "content" in delta:
            piece = {"type": "text_delta", "text": delta["content"]}
            yield {"type": "content_block_delta", "index": 0, "delta": piece}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": _messages_usage()}
    yield {"type": "message_stop"}


def encode_answer(content: str) -> bytes:
    """Return a whole chat answer as it is sent."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


def encode_chunk(content: str, finish: str | None = None) -> bytes:
    """Return a chunk of a streamed chat answer as it is sent."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n".encode()


STREAM = [
    encode_chunk("\n"),
    encode_chunk("\nHel"),
    encode_chunk("lo\n\n\n\n"),
    encode_chunk("world\n", "stop"),
    b"data: [DONE]\n\n",
]

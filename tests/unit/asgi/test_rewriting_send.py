"""The app's answer is rewritten message by message; more about it is in test_asgi.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy import AppliedPolicy
from prompt_policy.asgi.protocol import Message
from prompt_policy.asgi.rewriting_send import RewritingSend
from prompt_policy.runtime.exchange import Exchange
from tests.support.looping_app import build_chunk_event
from tests.support.policies import apply, chat

TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1, "trailing": "keep"}


def create_send(applied: AppliedPolicy) -> tuple[RewritingSend, list[Message]]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    return RewritingSend(Exchange(applied, b""), send, {}), sent


def start(media_type: str) -> Message:
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"999")]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_stream_is_sent_piece_by_piece_without_a_length() -> None:
    send, sent = create_send(apply(TIDY, chat("Hi")))
    for message in (start("text/event-stream"), body(build_chunk_event("\n")), body(build_chunk_event("Hi"))):
        await send(message)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert b"content-length" not in dict(sent[0]["headers"])
    assert sent[1]["body"] == build_chunk_event("Hi")


async def test_whole_answer_is_sent_once_it_is_complete() -> None:
    send, sent = create_send(apply(TIDY, chat("Hi")))
    answer = json.dumps({"choices": [{"index": 0, "message": {"content": "\nHi"}}]}).encode()
    for message in (start("application/json"), body(answer[:9]), body(answer[9:], more=False)):
        await send(message)
    assert json.loads(sent[1]["body"])["choices"][0]["message"]["content"] == "Hi"
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(sent[1]["body"])).encode()


@pytest.mark.parametrize("message", [{"type": "http.response.push", "path": "/"}, {"type": "http.response.trailers"}])
async def test_other_message_passes(message: dict[str, Any]) -> None:
    send, sent = create_send(apply(TIDY, chat("Hi")))
    await send(message)
    assert sent == [message]


async def test_flush_sends_the_buffered_text() -> None:
    send, sent = create_send(apply(TIDY, chat("Hi")))
    for message in (start("text/event-stream"), body(build_chunk_event("Hi\n"))):
        await send(message)
    await send.flush()
    assert b'"content":"\\n"' in sent[-1]["body"]
    assert sent[-1]["more_body"]

"""Tests that apps driven without a server behave as they do on a server."""

from __future__ import annotations

import asyncio

import pytest
from benchmarks.bare_loop import OpenStream, build_stream_app, build_whole_app, run_request
from benchmarks.bodies import build_conversation
from benchmarks.cases import ANSWERS, CASES, STREAMS, build_whole_answer, wrap_app
from benchmarks.texts import build_answer

from prompt_policy.asgi import Message, Receive, Scope, Send


async def wait_for_ever(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.sleep(0)


def test_open_stream_repeats_its_chunks() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    stream = OpenStream(build_stream_app([b"a", b"b", b"c"]), build_conversation(), send)
    for _ in range(3):
        stream.step()
    stream.close()
    assert sent[0]["type"] == "http.response.start"
    assert [message["body"] for message in sent[1:]] == [b"a", b"b", b"c", b"a"]


def test_waiting_app_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="waits"):
        run_request(wait_for_ever, build_conversation())()


def test_middleware_is_active_in_the_measured_app() -> None:
    bodies: list[bytes] = []

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        bodies.append((await receive())["body"])
        await build_whole_app(build_answer("Hello."))(scope, receive, send)

    run_request(wrap_app(read), build_conversation())()
    assert b'"continue_final_message": true' in bodies[0].replace(b'":true', b'": true')


@pytest.mark.parametrize("name", CASES)
def test_every_case_can_be_called_repeatedly(name: str) -> None:
    pair = CASES[name]()
    for _ in range(3):
        pair.work()
        pair.beside()


def test_streams_and_answers_are_cases() -> None:
    assert {f"chunk of {kind}" for kind in STREAMS} < set(CASES)
    assert {f"whole answer of {size}" for size in ANSWERS} < set(CASES)
    assert build_whole_answer("1.7 kB").work() is None

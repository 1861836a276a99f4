"""Sending requests, and recording when each piece of the response arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from prompt_policy.bench.load.client import monitor_loop, open_session, send
from prompt_policy.bench.load.requests import PreparedRequest, RequestBuilder
from prompt_policy.bench.plan import PlannedRequest
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from tests.support.records import make_plan, make_questions
from tests.support.serving import serve_paced

pytestmark = pytest.mark.exclusive


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_paced(reasoning_chunks=1, answer_chunks=3) as base_url:
        yield base_url


def build_request(url: str, model: str = "m") -> PreparedRequest:
    plan = make_plan()
    arm = plan.arms[0].model_copy(update={"url": url, "model": model})
    return RequestBuilder(plan, {}).build(arm, PlannedRequest(make_questions(1)[0], 0, 1))


async def test_every_piece_has_its_arrival_time(url: str) -> None:
    async with open_session(10) as session:
        raw = await send(session, build_request(url))
    assert (raw.failure, raw.status) == (None, 200)
    assert len(raw.times) == len(raw.pieces) > 1
    assert raw.sent_s < raw.times[0] <= raw.times[-1] <= raw.ended_s
    assert raw.times == sorted(raw.times)
    assert b"".join(raw.pieces).endswith(b"data: [DONE]\n\n")


async def test_failures_are_recorded_and_not_raised(url: str) -> None:
    async with open_session(10) as session:
        unknown_model = await send(session, build_request(url, "other"))
        unreachable = await send(session, build_request(f"http://{LOOPBACK}:{find_free_port(LOOPBACK)}/v1"))
        refused = await send(session, build_request(url)._replace(refusal="not here"))
    assert (unknown_model.failure, unknown_model.status, unknown_model.message) == ("http", 404, "HTTP 404")
    assert unreachable.failure == "connection"
    assert (refused.failure, refused.message, refused.pieces) == ("refused", "not here", [])


async def test_endless_and_broken_streams_are_distinguished() -> None:
    stop, ended = asyncio.Event(), asyncio.Semaphore(0)

    async def send_partial_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100\r\n\r\ndata: x")
        await writer.drain()
        if b"stay" in await reader.read(10_000):
            await stop.wait()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        ended.release()

    server = await asyncio.start_server(send_partial_answer, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    request = build_request(f"http://{LOOPBACK}:{port}/v1")
    async with open_session(0.3) as session:
        endless = await send(session, request._replace(body=b"stay"))
        broken = await send(session, request._replace(body=b"go"))
    stop.set()
    server.close()
    for _ in range(2):
        await ended.acquire()
    assert (endless.failure, endless.pieces) == ("timeout", [b"data: x"])
    assert broken.failure == "stream"


async def test_a_blocked_event_loop_is_detected() -> None:
    async with monitor_loop() as stats:
        await asyncio.sleep(0.05)
        time.sleep(0.3)
        await asyncio.sleep(0.05)
        cpu, lag_p99_ms, lag_max_ms = stats()
    assert lag_max_ms >= lag_p99_ms > 100
    assert cpu >= 0

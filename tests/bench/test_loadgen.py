"""Sending, and noting when each piece came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from prompt_policy.bench.arms import Asked, Asking
from prompt_policy.bench.loadgen import open_session, sent, watching
from prompt_policy.bench.plan import Item
from prompt_policy.launcher.ports import LOOPBACK, free_port
from tests.bench.making import plan, questions
from tests.bench.serving import serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(thought=1, answer=3) as found:
        yield found


def asked(url: str, model: str = "m") -> Asked:
    made = plan()
    return Asking(made, None).asked(
        made.arms[0].model_copy(update={"url": url, "model": model}), Item(questions(1)[0], 0, 1)
    )


async def test_every_piece_has_its_time(url: str) -> None:
    async with open_session(10) as session:
        raw = await sent(session, asked(url))
    assert (raw.trouble, raw.status) == (None, 200)
    assert len(raw.times) == len(raw.pieces) > 1
    assert raw.sent_s < raw.times[0] <= raw.times[-1] <= raw.ended_s
    assert raw.times == sorted(raw.times)
    assert b"".join(raw.pieces).endswith(b"data: [DONE]\n\n")


async def test_failures_are_told_and_none_is_raised(url: str) -> None:
    async with open_session(10) as session:
        missing = await sent(session, asked(url, "other"))
        nobody = await sent(session, asked(f"http://{LOOPBACK}:{free_port(LOOPBACK)}/v1"))
        refused = await sent(session, asked(url)._replace(refusal="not here"))
    assert (missing.trouble, missing.status, missing.message) == ("http", 404, "HTTP 404")
    assert nobody.trouble == "connection"
    assert (refused.trouble, refused.message, refused.pieces) == ("refused", "not here", [])


async def test_an_answer_that_never_ends_is_a_timeout_and_one_that_breaks_off_is_told() -> None:
    stop, ended = asyncio.Event(), asyncio.Semaphore(0)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100\r\n\r\ndata: x")
        await writer.drain()
        if b"stay" in await reader.read(10_000):
            await stop.wait()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        ended.release()

    server = await asyncio.start_server(silent, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    made = asked(f"http://{LOOPBACK}:{port}/v1")
    async with open_session(0.3) as session:
        raw = await sent(session, made._replace(body=b"stay"))
        broken = await sent(session, made._replace(body=b"go"))
    stop.set()
    server.close()
    for _ in range(2):
        await ended.acquire()
    assert (raw.trouble, raw.pieces) == ("timeout", [b"data: x"])
    assert broken.trouble == "stream"


async def test_a_client_that_blocks_its_loop_is_seen() -> None:
    async with watching() as figures:
        await asyncio.sleep(0.05)
        time.sleep(0.3)
        await asyncio.sleep(0.05)
        cpu, late, latest = figures()
    assert latest >= late > 100
    assert cpu >= 0

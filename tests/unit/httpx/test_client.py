"""``policy_http_client``, used by itself and by code that takes an http client."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import openai
import pytest

from prompt_policy import UsageError
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.backends import detect_installed_library
from tests.support.fake_answers import JSON, SSE, STREAM, encode_answer, encode_chunk
from tests.support.fake_backend import FakeBackend
from tests.support.looping_app import LoopingApp
from tests.support.policies import chat, policy_of

Serve = Callable[[Any], str]
module = importlib.import_module(detect_installed_library())
POLICY = policy_of({"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}, {"kind": "filter_whitespace"})
ASKED = chat("Hi", model="m", temperature=1.25)


def test_a_new_client_is_of_the_installed_family() -> None:
    with policy_http_client(POLICY) as client:
        assert isinstance(client, module.Client)


async def test_a_new_async_client() -> None:
    async with policy_http_client(POLICY, async_=True) as client:
        assert isinstance(client, module.AsyncClient)


@pytest.mark.parametrize(("length", "sent"), [(None, 4096), (4097, 4096), (4096, None)])
def test_no_limit_is_set_that_the_context_cannot_hold(serve_app: Serve, length: int | None, sent: int | None) -> None:
    server = FakeBackend((200, JSON, [encode_answer("Hello")]))
    policy = policy_of({"kind": "clamp", "parameters": {"max_tokens": {"default": 4096}}})
    with policy_http_client(policy, max_model_len=length) as client:
        client.post(f"{serve_app(server)}/v1/chat/completions", json=ASKED)

    assert server.bodies[0].get("max_tokens") == sent


@pytest.mark.parametrize(
    ("backend", "variable", "sent"),
    [(None, None, 20), (None, "groq", None), ("vllm", "groq", 20), ("groq", None, None), ("together_ai", None, 20)],
)
def test_nothing_is_set_that_the_backend_does_not_read(
    serve_app: Serve, monkeypatch: pytest.MonkeyPatch, backend: str | None, variable: str | None, sent: int | None
) -> None:
    if variable:
        monkeypatch.setenv("PROMPT_POLICY_BACKEND", variable)
    server = FakeBackend((200, JSON, [encode_answer("Hello")]))
    policy = policy_of({"kind": "clamp", "parameters": {"top_k": {"default": 20}}})
    with policy_http_client(policy, backend=backend) as client:
        client.post(f"{serve_app(server)}/v1/chat/completions", json=ASKED)

    assert server.bodies[0].get("top_k") == sent


def test_an_sdk_takes_it(serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [encode_answer("\nHello")]))
    with openai.OpenAI(
        base_url=f"{serve_app(server)}/v1", api_key="none", http_client=policy_http_client(POLICY)
    ) as client:
        answer = client.chat.completions.create(**ASKED)

    assert (answer.choices[0].message.content, server.bodies[0]["temperature"]) == ("Hello", 0.7)


def test_what_the_base_was_made_with_holds(serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [encode_answer("\nHello")]))
    seen: list[str] = []
    hooks = {"request": [lambda request: seen.append(request.headers["x-mine"])]}
    with module.Client(base_url=serve_app(server), headers={"x-mine": "1"}, event_hooks=hooks, timeout=7) as base:
        client = policy_http_client(POLICY, base)
        answer = client.post("/v1/chat/completions", json=ASKED)

        assert client.timeout == base.timeout
        assert client.headers is base.headers
        assert not client.is_closed

    assert client.is_closed
    assert answer.json()["choices"][0]["message"]["content"] == "Hello"
    assert (server.headers[0]["x-mine"], seen) == ("1", ["1"])


def test_what_is_set_on_the_client_is_set_on_its_base() -> None:
    with module.Client() as base:
        policy_http_client(POLICY, base).timeout = 3
        assert base.timeout == module.Timeout(3)


def test_base_of_another_type_is_an_error() -> None:
    with pytest.raises(UsageError, match="is not a client of httpx"):
        policy_http_client(POLICY, object())


def test_a_stream_may_be_read_line_by_line(serve_app: Serve) -> None:
    root = serve_app(FakeBackend((200, SSE, STREAM)))

    with (
        policy_http_client(POLICY) as client,
        client.stream("POST", f"{root}/v1/chat/completions", json=ASKED) as answer,
    ):
        lines = [line for line in answer.iter_lines() if line]

    assert lines[-1] == "data: [DONE]"
    assert '"content":"Hel"' in lines[0]
    assert "content-length" not in answer.headers


async def test_an_async_stream_too(serve_app: Serve) -> None:
    root = serve_app(FakeBackend((200, SSE, STREAM)))

    async with (
        policy_http_client(POLICY, async_=True) as client,
        client.stream("POST", f"{root}/v1/chat/completions", json=ASKED) as answer,
    ):
        lines = [line async for line in answer.aiter_lines() if line]

    assert '"content":"Hel"' in lines[0]


class FakeBreaking(module.SyncByteStream, module.AsyncByteStream):  # type: ignore[misc, name-defined]  # of either family
    """A stream that is cut, which no server does at a moment of one's choice."""

    def __iter__(self) -> Iterator[bytes]:
        yield encode_chunk("\nHello\n\n\n")
        raise module.ReadError("reset by peer")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


BREAKING = module.MockTransport(lambda _request: module.Response(200, headers=SSE, stream=FakeBreaking()))
KEEP_TRAILING = policy_of({"kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1})


def test_buffered_text_is_emitted_before_the_error_of_a_stream() -> None:
    with (
        policy_http_client(KEEP_TRAILING, module.Client(transport=BREAKING)) as client,
        client.stream("POST", "http://fake/v1/chat/completions", json=ASKED) as answer,
    ):
        pieces = answer.iter_bytes()
        read = [next(pieces), next(pieces)]
        with pytest.raises(module.ReadError, match="reset by peer"):
            next(pieces)

    assert rb'"content":"\n\n"' in read[1]


async def test_in_an_async_stream_too() -> None:
    async with (
        policy_http_client(KEEP_TRAILING, module.AsyncClient(transport=BREAKING)) as client,
        client.stream("POST", "http://fake/v1/chat/completions", json=ASKED) as answer,
    ):
        pieces = answer.aiter_bytes()
        read = [await anext(pieces), await anext(pieces)]
        with pytest.raises(module.ReadError, match="reset by peer"):
            await anext(pieces)

    assert rb'"content":"\n\n"' in read[1]


SOON = policy_of({"kind": "stop_repetition", "min_chars": 100, "min_repeats": 3})


def test_server_stops_when_a_guard_ends_its_stream(serve_app: Serve) -> None:
    looping = LoopingApp()
    root = serve_app(looping.app)

    with policy_http_client(SOON) as client:
        for _ in range(2):
            looping.stopped.clear()
            with client.stream("POST", f"{root}/v1/chat/completions", json={**ASKED, "stream": True}) as answer:
                lines = [line for line in answer.iter_lines() if line]
                assert looping.stopped.wait(10)
            assert lines[-1] == "data: [DONE]"
            assert '"finish_reason":"stop"' in lines[-2]
            assert looping.sent < looping.limit


async def test_server_of_an_async_stream_stops_too(serve_app: Serve) -> None:
    looping = LoopingApp()
    root = serve_app(looping.app)

    async with (
        policy_http_client(SOON, async_=True) as client,
        client.stream("POST", f"{root}/v1/chat/completions", json={**ASKED, "stream": True}) as answer,
    ):
        lines = [line async for line in answer.aiter_lines() if line]
        assert await asyncio.to_thread(looping.stopped.wait, 10)

    assert lines[-1] == "data: [DONE]"
    assert looping.sent < looping.limit

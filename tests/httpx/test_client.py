"""``policy_http_client``, used by itself and by code that takes an http client."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import openai
import pytest

from prompt_policy import UsageError
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.family import installed_family
from tests.httpx.clients import JSON, SSE, STREAM, FakeServer, chunk, whole
from tests.support import chat, policy_of

Serve = Callable[[Any], str]
module = importlib.import_module(installed_family())
POLICY = policy_of({"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}, {"kind": "filter_whitespace"})
ASKED = chat("Hi", model="m", temperature=1.25)


def test_a_new_client_is_of_the_installed_family() -> None:
    with policy_http_client(POLICY) as client:
        assert isinstance(client, module.Client)


async def test_a_new_async_client() -> None:
    async with policy_http_client(POLICY, async_=True) as client:
        assert isinstance(client, module.AsyncClient)


def test_an_sdk_takes_it(serve_app: Serve) -> None:
    server = FakeServer((200, JSON, [whole("\nHello")]))
    with openai.OpenAI(
        base_url=f"{serve_app(server)}/v1", api_key="none", http_client=policy_http_client(POLICY)
    ) as client:
        answer = client.chat.completions.create(**ASKED)

    assert (answer.choices[0].message.content, server.bodies[0]["temperature"]) == ("Hello", 0.7)


def test_what_the_base_was_made_with_holds(serve_app: Serve) -> None:
    server = FakeServer((200, JSON, [whole("\nHello")]))
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


def test_a_base_of_another_kind_is_told() -> None:
    with pytest.raises(UsageError, match="is no client of httpx"):
        policy_http_client(POLICY, object())


def test_a_stream_may_be_read_line_by_line(serve_app: Serve) -> None:
    root = serve_app(FakeServer((200, SSE, STREAM)))

    with (
        policy_http_client(POLICY) as client,
        client.stream("POST", f"{root}/v1/chat/completions", json=ASKED) as answer,
    ):
        lines = [line for line in answer.iter_lines() if line]

    assert lines[-1] == "data: [DONE]"
    assert '"content":"Hel"' in lines[0]
    assert "content-length" not in answer.headers


async def test_an_async_stream_too(serve_app: Serve) -> None:
    root = serve_app(FakeServer((200, SSE, STREAM)))

    async with (
        policy_http_client(POLICY, async_=True) as client,
        client.stream("POST", f"{root}/v1/chat/completions", json=ASKED) as answer,
    ):
        lines = [line async for line in answer.aiter_lines() if line]

    assert '"content":"Hel"' in lines[0]


class FakeBreaking(module.SyncByteStream, module.AsyncByteStream):  # type: ignore[misc, name-defined]  # of either family
    """A stream that is cut, which no server does at a moment of one's choice."""

    def __iter__(self) -> Iterator[bytes]:
        yield chunk("\nHello\n\n\n")
        raise module.ReadError("reset by peer")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


BREAKING = module.MockTransport(lambda _request: module.Response(200, headers=SSE, stream=FakeBreaking()))
KEEPING = policy_of({"kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1})


def test_what_was_held_back_comes_before_the_error_that_ends_a_stream() -> None:
    with (
        policy_http_client(KEEPING, module.Client(transport=BREAKING)) as client,
        client.stream("POST", "http://fake/v1/chat/completions", json=ASKED) as answer,
    ):
        pieces = answer.iter_bytes()
        read = [next(pieces), next(pieces)]
        with pytest.raises(module.ReadError, match="reset by peer"):
            next(pieces)

    assert rb'"content":"\n\n"' in read[1]


async def test_in_an_async_stream_too() -> None:
    async with (
        policy_http_client(KEEPING, module.AsyncClient(transport=BREAKING)) as client,
        client.stream("POST", "http://fake/v1/chat/completions", json=ASKED) as answer,
    ):
        pieces = answer.aiter_bytes()
        read = [await anext(pieces), await anext(pieces)]
        with pytest.raises(module.ReadError, match="reset by peer"):
            await anext(pieces)

    assert rb'"content":"\n\n"' in read[1]

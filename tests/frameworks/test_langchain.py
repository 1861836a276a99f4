"""LangChain's ChatOpenAI, with both http clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from tests.frameworks.answers import QUESTION, Name, is_policed
from tests.httpx.clients import JSON, FakeServer, whole
from tests.support import MODEL

ASKED = [("system", "Be brief."), ("user", QUESTION)]


@pytest.fixture
def make(http_clients: tuple[Any, Any]) -> Callable[[str], ChatOpenAI]:
    clients = dict(zip(("http_client", "http_async_client"), http_clients, strict=True))
    return lambda root: ChatOpenAI(base_url=f"{root}/v1", api_key="none", model=MODEL, temperature=1.3, **clients)


@pytest.fixture
def model(serve: Callable[..., str], make: Callable[[str], ChatOpenAI]) -> ChatOpenAI:
    return make(serve())


def test_invoke(model: ChatOpenAI) -> None:
    is_policed(model.invoke(ASKED).content)


def test_stream(model: ChatOpenAI) -> None:
    is_policed("".join(chunk.content for chunk in model.stream(ASKED)))


async def test_ainvoke(model: ChatOpenAI) -> None:
    is_policed((await model.ainvoke(ASKED)).content)


async def test_astream(model: ChatOpenAI) -> None:
    is_policed("".join([chunk.content async for chunk in model.astream(ASKED)]))


def test_structured_output(serve_app: Callable[[Any], str], make: Callable[[str], ChatOpenAI]) -> None:
    server = FakeServer((200, JSON, [whole('{"name": "a"}')]))
    model = make(serve_app(server)).with_structured_output(Name, method="json_schema")

    assert model.invoke(ASKED) == Name(name="a")
    assert [message["role"] for message in server.bodies[0]["messages"]] == ["user"]

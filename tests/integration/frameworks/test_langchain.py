"""LangChain's ChatOpenAI, with both HTTP clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from tests.integration.frameworks.answers import QUESTION, Name, check_rewritten
from tests.support.fake_answers import JSON, encode_answer
from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL

MESSAGES = [("system", "Be brief."), ("user", QUESTION)]


@pytest.fixture
def make(http_clients: tuple[Any, Any]) -> Callable[[str], ChatOpenAI]:
    clients = dict(zip(("http_client", "http_async_client"), http_clients, strict=True))
    return lambda root: ChatOpenAI(base_url=f"{root}/v1", api_key="none", model=MODEL, temperature=1.3, **clients)


@pytest.fixture
def model(serve: Callable[..., str], make: Callable[[str], ChatOpenAI]) -> ChatOpenAI:
    return make(serve())


def test_invoke(model: ChatOpenAI) -> None:
    check_rewritten(model.invoke(MESSAGES).content)


def test_stream(model: ChatOpenAI) -> None:
    check_rewritten("".join(chunk.content for chunk in model.stream(MESSAGES)))


async def test_ainvoke(model: ChatOpenAI) -> None:
    check_rewritten((await model.ainvoke(MESSAGES)).content)


async def test_astream(model: ChatOpenAI) -> None:
    check_rewritten("".join([chunk.content async for chunk in model.astream(MESSAGES)]))


def test_structured_output(serve_app: Callable[[Any], str], make: Callable[[str], ChatOpenAI]) -> None:
    server = FakeBackend((200, JSON, [encode_answer('{"name": "a"}')]))
    model = make(serve_app(server)).with_structured_output(Name, method="json_schema")

    assert model.invoke(MESSAGES) == Name(name="a")
    assert [message["role"] for message in server.bodies[0]["messages"]] == ["user"]

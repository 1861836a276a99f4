"""pydantic-ai, around a wrapped client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import openai
import pytest
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from prompt_policy.openai import wrap
from tests.frameworks.answers import QUESTION
from tests.httpx.clients import JSON, SSE, STREAM, FakeServer, whole
from tests.support import MODEL, policy_of

ClientOf = Callable[[str], openai.AsyncOpenAI]
POLICY = policy_of(
    {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}, {"kind": "fold_system"},
    {"kind": "filter_whitespace", "max_blank_lines": 1},
)  # fmt: skip


@pytest.fixture
async def client_of() -> AsyncIterator[Callable[[str], openai.AsyncOpenAI]]:
    made: list[openai.AsyncOpenAI] = []

    def client(root: str) -> openai.AsyncOpenAI:
        made.append(wrap(openai.AsyncOpenAI(base_url=f"{root}/v1", api_key="none"), POLICY))
        return made[-1]

    yield client
    for one in made:
        await one.close()


def agent(client: openai.AsyncOpenAI) -> Agent:
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))
    return Agent(model, system_prompt="Be brief.", model_settings={"temperature": 1.3})


def is_policed(server: FakeServer) -> None:
    (body,) = server.bodies
    assert body["temperature"] == 0.7
    assert body["messages"] == [{"role": "user", "content": f"Be brief.\n\n{QUESTION}"}]


async def test_run(serve_app: Callable[[FakeServer], str], client_of: ClientOf) -> None:
    server = FakeServer((200, JSON, [whole("\nHello\n")]))

    answer = await agent(client_of(serve_app(server))).run(QUESTION)

    assert answer.output == "Hello"
    is_policed(server)


async def test_run_stream(serve_app: Callable[[FakeServer], str], client_of: ClientOf) -> None:
    server = FakeServer((200, SSE, STREAM))

    async with agent(client_of(serve_app(server))).run_stream(QUESTION) as answer:
        output = await answer.get_output()

    assert output == "Hello\n\nworld"
    is_policed(server)

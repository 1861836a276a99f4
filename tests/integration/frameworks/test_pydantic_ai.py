"""pydantic-ai, around a wrapped client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import openai
import pytest
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from prompt_policy.openai import wrap
from tests.integration.frameworks.answers import QUESTION
from tests.support.fake_answers import JSON, SSE, STREAM, encode_answer
from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL, policy_of

MakeClient = Callable[[str], openai.AsyncOpenAI]
POLICY = policy_of(
    {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}, {"kind": "fold_system"},
    {"kind": "filter_whitespace", "max_blank_lines": 1},
)  # fmt: skip


@pytest.fixture
async def make_client() -> AsyncIterator[Callable[[str], openai.AsyncOpenAI]]:
    clients: list[openai.AsyncOpenAI] = []

    def make(root: str) -> openai.AsyncOpenAI:
        clients.append(wrap(openai.AsyncOpenAI(base_url=f"{root}/v1", api_key="none"), POLICY))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


def build_agent(client: openai.AsyncOpenAI) -> Agent:
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))
    return Agent(model, system_prompt="Be brief.", model_settings={"temperature": 1.3})


def check_request(server: FakeBackend) -> None:
    (body,) = server.bodies
    assert body["temperature"] == 0.7
    assert body["messages"] == [{"role": "user", "content": f"Be brief.\n\n{QUESTION}"}]


async def test_run(serve_app: Callable[[FakeBackend], str], make_client: MakeClient) -> None:
    server = FakeBackend((200, JSON, [encode_answer("\nHello\n")]))

    answer = await build_agent(make_client(serve_app(server))).run(QUESTION)

    assert answer.output == "Hello"
    check_request(server)


async def test_run_stream(serve_app: Callable[[FakeBackend], str], make_client: MakeClient) -> None:
    server = FakeBackend((200, SSE, STREAM))

    async with build_agent(make_client(serve_app(server))).run_stream(QUESTION) as answer:
        output = await answer.get_output()

    assert output == "Hello\n\nworld"
    check_request(server)

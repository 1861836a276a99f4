"""instructor, around wrapped clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import instructor
import openai

from prompt_policy.openai import wrap
from tests.integration.frameworks.answers import QUESTION, Name
from tests.support.fake_answers import JSON, encode_answer
from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL

MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]


def test_structured_answer(serve_app: Callable[[Any], str]) -> None:
    server = FakeBackend((200, JSON, [encode_answer('{"name": "a"}')]))
    with openai.OpenAI(base_url=f"{serve_app(server)}/v1", api_key="none") as client:
        patched = instructor.from_openai(wrap(client), mode=instructor.Mode.JSON)
        answer = patched.create(model=MODEL, messages=MESSAGES, response_model=Name, temperature=1.3)

    assert answer.name == "a"
    assert (server.bodies[0]["temperature"], server.bodies[0]["messages"][0]["role"]) == (0.6, "user")


async def test_structured_answer_of_the_async_client(serve_app: Callable[[Any], str]) -> None:
    server = FakeBackend((200, JSON, [encode_answer('{"name": "a"}')]))
    async with openai.AsyncOpenAI(base_url=f"{serve_app(server)}/v1", api_key="none") as client:
        patched = instructor.from_openai(wrap(client), mode=instructor.Mode.JSON)
        answer = await patched.create(model=MODEL, messages=MESSAGES, response_model=Name, temperature=1.3)

    assert answer.name == "a"
    assert server.bodies[0]["temperature"] == 0.6

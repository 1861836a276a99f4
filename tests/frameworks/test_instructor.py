"""instructor, around wrapped clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import instructor
import openai

from prompt_policy.openai import wrap
from tests.frameworks.answers import QUESTION, Name
from tests.httpx.clients import JSON, FakeServer, whole
from tests.support import MODEL

ASKED: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]


def test_a_structured_answer(serve_app: Callable[[Any], str]) -> None:
    server = FakeServer((200, JSON, [whole('{"name": "a"}')]))
    with openai.OpenAI(base_url=f"{serve_app(server)}/v1", api_key="none") as client:
        patched = instructor.from_openai(wrap(client), mode=instructor.Mode.JSON)
        answer = patched.create(model=MODEL, messages=ASKED, response_model=Name, temperature=1.3)

    assert answer.name == "a"
    assert (server.bodies[0]["temperature"], server.bodies[0]["messages"][0]["role"]) == (0.6, "user")


async def test_an_asynchronous_one(serve_app: Callable[[Any], str]) -> None:
    server = FakeServer((200, JSON, [whole('{"name": "a"}')]))
    async with openai.AsyncOpenAI(base_url=f"{serve_app(server)}/v1", api_key="none") as client:
        patched = instructor.from_openai(wrap(client), mode=instructor.Mode.JSON)
        answer = await patched.create(model=MODEL, messages=ASKED, response_model=Name, temperature=1.3)

    assert answer.name == "a"
    assert server.bodies[0]["temperature"] == 0.6

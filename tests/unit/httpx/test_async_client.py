"""The policing clients of a family; what they do with an SDK is in tests/unit/test_openai.py."""

from __future__ import annotations

import importlib
import threading

import pytest

from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.async_client import create_async_client_class
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.runtime.offload import MAX_IN_LOOP_BYTES
from tests.support.fake_answers import encode_answer
from tests.support.fake_backend import FakeBackend
from tests.support.policies import chat, policy_that_notes_threads

FAMILY = detect_installed_library()
module = importlib.import_module(FAMILY)


def test_the_class_is_made_once_and_is_the_familys() -> None:
    made = create_async_client_class(FAMILY)

    assert made is create_async_client_class(FAMILY)
    assert issubclass(made, module.AsyncClient)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the rule is of no shipped kind
@pytest.mark.parametrize("length", [1, MAX_IN_LOOP_BYTES])
async def test_long_requests_and_answers_are_read_in_another_thread(length: int) -> None:
    noted: list[threading.Thread] = []
    server = FakeBackend((200, {"content-type": "application/json"}, [encode_answer("a" * length)]))
    base = module.AsyncClient(transport=module.ASGITransport(app=server), base_url="http://server/v1")
    async with policy_http_client(policy_that_notes_threads(noted), base) as client:
        response = await client.post("/chat/completions", json=chat("a" * length))

    assert response.content == encode_answer("a" * length)
    assert [thread is threading.current_thread() for thread in noted] == [length == 1] * 2

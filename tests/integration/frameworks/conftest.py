"""Frameworks that query a model through OpenAI's client.

``.ci/run`` has environments for them; the tests of a framework that is not installed are not collected.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from typing import Any

import pytest

from prompt_policy.httpx import policy_http_client

FRAMEWORKS = {
    "test_langchain.py": "langchain_openai",
    "test_llamaindex.py": "llama_index",
    "test_instructor.py": "instructor",
    "test_pydantic_ai.py": "pydantic_ai",
}
collect_ignore = [file for file, module in FRAMEWORKS.items() if importlib.util.find_spec(module) is None]


@pytest.fixture
async def http_clients() -> AsyncIterator[tuple[Any, Any]]:
    """A synchronous and an asynchronous client with the shipped policies, closed after the test."""
    with policy_http_client() as sync_client:
        async with policy_http_client(async_=True) as async_client:
            yield sync_client, async_client

"""Frameworks that talk to a model through OpenAI's client.

They have environments of their own in ``.ci/run``; where one is not installed, its tests are not collected.
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
    """A policing http client of each kind, for frameworks that want both; closed with the test."""
    with policy_http_client() as blocking:
        async with policy_http_client(async_=True) as asynchronous:
            yield blocking, asynchronous

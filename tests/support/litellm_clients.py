"""The HTTP clients that LiteLLM's SDK caches in this process, and the connections that it leaves open."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Final

import pytest

LITELLM_MARKS: Final = (
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
)
"""Marks of tests that call LiteLLM in this process: it leaves connections of refused calls and of ended loops open."""


def close_litellm_clients() -> None:
    """Close LiteLLM's cached clients and forget them, so that none is collected later with an open connection.

    Clients of an event loop are only forgotten: their loop has ended.
    """
    for client in _list_clients():
        if not inspect.iscoroutinefunction(client.close):
            client.close()
    if (litellm := sys.modules.get("litellm")) is not None:
        litellm.in_memory_llm_clients_cache.flush_cache()


async def close_async_litellm_clients() -> None:
    """Close LiteLLM's cached clients of the running event loop."""
    for client in _list_clients():
        if inspect.iscoroutinefunction(client.close):
            await client.close()


def _list_clients() -> list[Any]:
    litellm = sys.modules.get("litellm")
    cached = [] if litellm is None else list(litellm.in_memory_llm_clients_cache.cache_dict.values())
    return [client for client in cached if hasattr(client, "close")]

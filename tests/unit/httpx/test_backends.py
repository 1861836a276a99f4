"""The two HTTP client libraries."""

from __future__ import annotations

import importlib

import pytest

from prompt_policy import UsageError
from prompt_policy.httpx.backends import create_refusing_transport, detect_installed_library, detect_library

LIBRARY = detect_installed_library()
module = importlib.import_module(LIBRARY)


def test_installed_openai_determines_the_library() -> None:
    import openai

    assert detect_installed_library() == ("httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx")


async def test_library_of_clients_and_subclasses_is_detected() -> None:
    class Own(module.AsyncClient):  # type: ignore[misc, name-defined]
        """A subclass defined by a user."""

    with module.Client() as client:
        assert detect_library(client) == (LIBRARY, False)
    async with Own() as own:
        assert detect_library(own) == (LIBRARY, True)


def test_other_objects_are_rejected() -> None:
    with pytest.raises(UsageError, match=r"builtins\.object is not a client of httpx or httpx2"):
        detect_library(object())


def test_request_that_bypasses_send_is_refused() -> None:
    with (
        module.Client(transport=create_refusing_transport(LIBRARY)()) as client,
        pytest.raises(UsageError, match="send the request through it"),
    ):
        client.get("http://127.0.0.1:9")

"""A fake backend, and LiteLLM's SDK without the callbacks and cached clients of earlier tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import litellm
import pytest

from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_clients import close_async_litellm_clients, close_litellm_clients
from tests.support.policies import MODEL

ANSWER = "Hm.\n</think>\n\n\n\nFine.\n"


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    """A backend that answers as if the prefill had opened the reasoning."""
    with run_backend(
        FakeBackend(answers={MODEL: [{"content": piece} for piece in ANSWER.splitlines(keepends=True)]})
    ) as backend:
        yield backend


@pytest.fixture(autouse=True)
def _fresh_litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("callbacks", "input_callback", "success_callback", "failure_callback"):
        monkeypatch.setattr(litellm, name, [])
    for name in ("client_session", "aclient_session", "num_retries"):
        monkeypatch.setattr(litellm, name, None)
    monkeypatch.setattr(litellm, "suppress_debug_info", True)
    close_litellm_clients()
    yield
    close_litellm_clients()


@pytest.fixture(autouse=True)
async def _closed_connections() -> AsyncIterator[None]:
    yield
    await close_async_litellm_clients()

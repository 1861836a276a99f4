"""Backends that are overloaded for a while: each attempt is rewritten once, and the answer that comes is policed."""

from __future__ import annotations

import pytest

from tests.faults import behaviours as b
from tests.faults.asking import QUESTION, Outcome, cleaned
from tests.faults.fake_backend import FakeBackend
from tests.faults.hosts import Host

WAYS = pytest.mark.parametrize(("status", "stream"), [(429, False), (503, True)], ids=["429-whole", "503-streamed"])


def ask(made: Host, model: str, *, stream: bool) -> Outcome:
    """Ask with one retry: LiteLLM's own, or the SDK's."""
    if made.name == "litellm":
        return made.policed.ask(model, stream=stream, extra_body={"num_retries": 1})
    return made.policed.ask(model, stream=stream, retries=1)


def rewritten(backend: FakeBackend, model: str, times: int) -> None:
    """Check that a model was asked so often, each time with the same request, rewritten once."""
    bodies = backend.asked(model)
    assert len(bodies) == times
    for body in bodies:
        assert body["temperature"] == 0.7
        assert [message["content"] for message in body["messages"]] == [
            f"{QUESTION[0]['content']}\nfaulty says so.",
            "<faulty>",
        ]


@WAYS
def test_a_retry_that_succeeds(any_host: Host, backend: FakeBackend, status: int, stream: bool) -> None:
    model = f"faulty-{status}-once-{any_host.name}-{stream}"
    outcome = ask(any_host, model, stream=stream)

    assert (outcome.kind, outcome.text, outcome.finish) == ((200, "", None), cleaned(b.TEXT), "stop")
    assert (outcome.policy, outcome.headers["x-prompt-policy-applied"]) == ("faulty", "cool,say,start")
    rewritten(backend, model, 2)


@WAYS
def test_retries_that_do_not_help(any_host: Host, backend: FakeBackend, status: int, stream: bool) -> None:
    model = f"faulty-{status}-for-good-{any_host.name}-{stream}"
    outcome = ask(any_host, model, stream=stream)

    assert outcome.status == status
    assert outcome.error == ("RateLimitError" if status == 429 else "InternalServerError")
    rewritten(backend, model, 2)

"""Backends that are overloaded: each attempt is rewritten once, and the policy applies to the answer."""

from __future__ import annotations

import pytest

from tests.resilience import behaviours as b
from tests.resilience.hosts import Host
from tests.resilience.outcome import QUESTION, Outcome, apply_filters
from tests.support.broken_backend import BrokenBackend

EACH_OVERLOAD = pytest.mark.parametrize(
    ("status", "stream"), [(429, False), (503, True)], ids=["429-whole", "503-streamed"]
)


def send_with_retry(host: Host, model: str, *, stream: bool) -> Outcome:
    """Send a request with one retry, by LiteLLM or by the SDK."""
    if host.name == "litellm":
        return host.enforced.send(model, stream=stream, extra_body={"num_retries": 1})
    return host.enforced.send(model, stream=stream, retries=1)


def check_attempts(backend: BrokenBackend, model: str, times: int) -> None:
    """Check the number of attempts, each with the same request, rewritten once."""
    bodies = backend.bodies_for(model)
    assert len(bodies) == times
    for body in bodies:
        assert body["temperature"] == 0.7
        assert [message["content"] for message in body["messages"]] == [
            f"{QUESTION[0]['content']}\nfaulty says so.",
            "<faulty>",
        ]


@EACH_OVERLOAD
def test_successful_retry_is_rewritten_once(any_host: Host, backend: BrokenBackend, status: int, stream: bool) -> None:
    model = f"faulty-{status}-once-{any_host.name}-{stream}"
    outcome = send_with_retry(any_host, model, stream=stream)

    assert (outcome.kind, outcome.text, outcome.finish) == ((200, "", None), apply_filters(b.TEXT), "stop")
    assert (outcome.policy, outcome.headers["x-prompt-policy-applied"]) == ("faulty", "cool,say,start")
    check_attempts(backend, model, 2)


@EACH_OVERLOAD
def test_exhausted_retries_return_the_backends_error(
    any_host: Host, backend: BrokenBackend, status: int, stream: bool
) -> None:
    model = f"faulty-{status}-for-good-{any_host.name}-{stream}"
    outcome = send_with_retry(any_host, model, stream=stream)

    assert outcome.status == status
    assert outcome.error == ("RateLimitError" if status == 429 else "InternalServerError")
    check_attempts(backend, model, 2)

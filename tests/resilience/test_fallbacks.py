"""Fallbacks from a deployment that fails before or after its first text: the one that answers has its own policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience import behaviours as b
from tests.resilience.hosts import FAILING, OTHERS, Host, Proxies, build_host
from tests.resilience.outcome import QUESTION, apply_filters
from tests.support.broken_backend import BrokenBackend


@pytest.fixture(scope="module")
def litellm(backend: BrokenBackend, folder: Path, proxies: Proxies) -> Iterator[Host]:
    """The only host with fallbacks."""
    with build_host("litellm", backend.url, folder, proxies) as host:
        yield host


def rewrite(name: str, text: str) -> str:
    """Return an answer's text after the policy of a deployment."""
    return apply_filters(text, "<other>") if name == "other" else text


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("failing", FAILING)
def test_whole_answer_follows_the_policy_of_its_deployment(
    litellm: Host, backend: BrokenBackend, failing: str, to: str
) -> None:
    control, enforced = (side.send(f"{failing}-to-{to}") for side in (litellm.control, litellm.enforced))

    assert enforced.kind == control.kind
    assert control.text == b.TEXT
    assert enforced.text == rewrite(to, b.TEXT)
    assert enforced.policy == ("other" if to == "other" else "")
    check_requests(backend, failing, to)


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("failing", FAILING)
def test_stream_follows_the_policy_of_its_deployment(
    litellm: Host, backend: BrokenBackend, failing: str, to: str
) -> None:
    control, enforced = (side.send(f"{failing}-to-{to}", stream=True) for side in (litellm.control, litellm.enforced))

    assert enforced.kind == control.kind
    if failing == "resets-midway":  # LiteLLM does not fall back after the first text
        assert (control.text, enforced.text, enforced.policy) == (b.HALF, apply_filters(b.HALF), "faulty")
        return
    assert control.text == b.TEXT
    assert enforced.text == rewrite(to, b.TEXT)
    if failing == "resets-at-once":  # otherwise older proxies have already sent the headers
        assert enforced.policy == ("other" if to == "other" else "")
    check_requests(backend, failing, to)


def check_requests(backend: BrokenBackend, failing: str, to: str) -> None:
    """Check that each deployment got the request as its own policy rewrites it."""
    first, last = backend.bodies_for(f"faulty-{failing}")[-1], backend.bodies_for(f"{to}-good")[-1]
    question = QUESTION[0]["content"]
    assert (first["temperature"], first["messages"][0]["content"]) == (0.7, f"{question}\nfaulty says so.")
    if to == "other":
        assert (last["temperature"], last["messages"][0]["content"]) == (0.5, f"{question}\nother says so.")
        assert [message["content"] for message in last["messages"][1:]] == ["<other>"]
    else:
        assert (last["temperature"], last["messages"]) == (1.3, QUESTION)

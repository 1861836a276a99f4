"""A deployment that fails, before it has said anything and after: the one that answers brings its own policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import behaviours as b
from tests.faults.asking import QUESTION, cleaned
from tests.faults.fake_backend import FakeBackend
from tests.faults.hosts import FAILING, OTHERS, Host, Proxies, host


@pytest.fixture(scope="module")
def litellm(backend: FakeBackend, folder: Path, proxies: Proxies) -> Iterator[Host]:
    """The one host that falls back."""
    with host("litellm", backend.url, folder, proxies) as made:
        yield made


def expected(name: str, text: str) -> str:
    return cleaned(text, "<other>") if name == "other" else text


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("failing", FAILING)
def test_a_whole_answer_is_of_the_deployment_that_gave_it(
    litellm: Host, backend: FakeBackend, failing: str, to: str
) -> None:
    control, policed = (side.ask(f"{failing}-to-{to}") for side in (litellm.control, litellm.policed))

    assert policed.kind == control.kind
    assert control.text == b.TEXT
    assert policed.text == expected(to, b.TEXT)
    assert policed.policy == ("other" if to == "other" else "")
    sent(backend, failing, to)


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("failing", FAILING)
def test_a_stream_is_of_the_deployment_that_gave_it(litellm: Host, backend: FakeBackend, failing: str, to: str) -> None:
    control, policed = (side.ask(f"{failing}-to-{to}", stream=True) for side in (litellm.control, litellm.policed))

    assert policed.kind == control.kind
    if failing == "resets-midway":  # LiteLLM takes no other deployment once there was text
        assert (control.text, policed.text, policed.policy) == (b.HALF, cleaned(b.HALF), "faulty")
        return
    assert control.text == b.TEXT
    assert policed.text == expected(to, b.TEXT)
    if failing == "resets-at-once":  # otherwise the headers may be gone by then, as they are with older proxies
        assert policed.policy == ("other" if to == "other" else "")
    sent(backend, failing, to)


def sent(backend: FakeBackend, failing: str, to: str) -> None:
    """Check that each deployment was asked what its own policy says, and nothing of the one before it."""
    first, last = backend.asked(f"faulty-{failing}")[-1], backend.asked(f"{to}-good")[-1]
    asked = QUESTION[0]["content"]
    assert (first["temperature"], first["messages"][0]["content"]) == (0.7, f"{asked}\nfaulty says so.")
    if to == "other":
        assert (last["temperature"], last["messages"][0]["content"]) == (0.5, f"{asked}\nother says so.")
        assert [message["content"] for message in last["messages"][1:]] == ["<other>"]
    else:
        assert (last["temperature"], last["messages"]) == (1.3, QUESTION)

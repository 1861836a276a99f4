"""Tests of WebSocket sessions; tests/integration/litellm_proxy/calls runs them in a real proxy."""

from __future__ import annotations

import pytest

from prompt_policy import load_paths
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.nesting import find_outer_call
from prompt_policy.litellm.calls.notices import Notices
from prompt_policy.litellm.calls.sessions import begin_session
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.state import RequestState

RESOLVER = DeploymentResolver(load_paths([]))


@pytest.mark.parametrize("model", ["hosted_vllm/m", "lm_studio/m"])
def test_requests_of_a_session_get_no_prefill(model: str, caplog: pytest.LogCaptureFixture) -> None:
    call = DeploymentCall.from_kwargs({"model": model, "proxy_server_request": {"body": {"first_message": "{}"}}})
    notices = Notices()

    for _ in range(2):
        started = begin_session(call, RequestState(RESOLVER), notices)

    assert started is not None
    outer = find_outer_call(started)
    assert outer is not None
    assert list(outer.state.obstacles) == ["visible_answer"]
    assert outer.call.client_body == {}, "the first message is no keyword that a client may not send"
    assert len(caplog.records) == 1


def test_session_that_litellm_relays_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    call = DeploymentCall.from_kwargs({"model": "openai/m"})
    assert begin_session(call, RequestState(RESOLVER), Notices()) is None
    assert "relays to the provider are not covered" in caplog.text

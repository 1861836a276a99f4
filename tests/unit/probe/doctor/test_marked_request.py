"""The request of the doctor."""

from __future__ import annotations

import pytest

from prompt_policy.probe.doctor.marked_request import MarkedRequest
from prompt_policy.runtime.exchange import match_endpoint
from prompt_policy.wire import Endpoint


@pytest.mark.parametrize("endpoint", ["chat", "responses", "messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_mark_is_in_the_header_and_in_the_text(endpoint: Endpoint, stream: bool) -> None:
    request = MarkedRequest(endpoint, "m", stream)
    body = request.build_body()
    assert request.headers["x-prompt-policy-doctor"] == request.mark
    assert request.mark in str(body.get("input") or body["messages"])
    assert (body["model"], body.get("stream", False)) == ("m", stream)
    assert match_endpoint(request.path) == endpoint


@pytest.mark.parametrize("endpoint", ["chat", "responses", "messages"])
def test_the_answer_costs_at_most_8_tokens(endpoint: Endpoint) -> None:
    body = MarkedRequest(endpoint, "m").build_body()
    assert 1 <= (body.get("max_tokens") or body.get("max_output_tokens") or 0) <= 8
    assert "temperature" not in body


def test_every_mark_is_another_one() -> None:
    assert MarkedRequest("chat", "m").mark != MarkedRequest("chat", "m").mark

"""The measurement of the first answer accepts only an answer that a policy has changed."""

from __future__ import annotations

import pytest
from benchmarks.cold_install import HEADERS, Stopwatch, request_headers

from tests.support.fake_backend import FakeBackend, build_json_response, run_backend


def test_stages_are_printed_in_order_with_their_sum() -> None:
    stopwatch = Stopwatch()
    assert stopwatch.run("first", lambda: 7) == 7
    stopwatch.run("second", lambda: None)
    stopwatch.stages.update(first=1.25, second=2.0)
    assert [line.split() for line in stopwatch.format()] == [
        ["first", "1.2", "s"],
        ["second", "2.0", "s"],
        ["in", "all", "3.2", "s"],
    ]


def test_an_answer_that_names_its_policy_is_accepted() -> None:
    status, headers, pieces = build_json_response({})
    sent = dict.fromkeys(HEADERS, "yes")
    with run_backend(FakeBackend((status, {**headers, **sent}, pieces))) as backend:
        assert request_headers(f"{backend.url}/v1", "key") == sent
    assert backend.headers[0]["authorization"] == "Bearer key"


def test_an_answer_without_a_policy_is_an_error() -> None:
    with run_backend(FakeBackend()) as backend, pytest.raises(RuntimeError, match="no policy changed the request"):
        request_headers(f"{backend.url}/v1", "key")

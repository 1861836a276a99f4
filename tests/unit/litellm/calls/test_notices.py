"""Tests of the warnings about requests that no policy covers."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from litellm.types.utils import CallTypes

from prompt_policy.litellm.calls.notices import Notices


def read_log(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("call_types", "group"),
    [
        ([CallTypes.allm_passthrough_route, "pass_through_endpoint"], "requests to LiteLLM's pass-through routes"),
        ([CallTypes.agenerate_content, CallTypes.agenerate_content_stream], "requests in Google's format"),
        ([CallTypes.arealtime, "_arealtime"], "realtime sessions"),
    ],
)
def test_each_group_is_warned_about_once(call_types: list[Any], group: str, caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()
    assert [notices.check_call_type(call_type) for call_type in call_types] == [None, None]
    assert read_log(caplog) == [f"{group} are not covered by any policy"]


@pytest.mark.parametrize("call_type", [CallTypes.aembedding, CallTypes.aimage_generation, "acreate_file"])
def test_calls_without_a_prompt_are_silent(call_type: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert Notices().check_call_type(call_type) is None
    assert read_log(caplog) == []


@pytest.mark.parametrize(("call_type", "name"), [(None, "new_call"), ("new_call", None)])
def test_unknown_call_is_named(call_type: Any, name: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert Notices().check_call_type(call_type, name) is None
    assert read_log(caplog) == ["calls of LiteLLM's type new_call are unknown: no policy covers them"]


@pytest.mark.parametrize(
    ("call_type", "endpoint"),
    [
        (CallTypes.acompletion, "chat"),
        ("anthropic_messages", "messages"),
        (CallTypes.aresponses_websocket, "responses"),
    ],
)
def test_covered_call_has_an_endpoint(call_type: Any, endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    known = Notices().check_call_type(call_type)
    assert known is not None
    assert known.endpoint == endpoint
    assert read_log(caplog) == []


def test_route_is_not_named_after_its_group(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()
    route = "/v1beta/models/m:generateContent"
    notices.check_call_type(CallTypes.agenerate_content)
    assert not notices.check_route(route, "agenerate_content")
    assert read_log(caplog) == ["requests in Google's format are not covered by any policy"]
    assert not notices.check_route(route)
    assert read_log(caplog)[1:] == [f"requests to {route} are not covered by any policy"]


def test_number_of_routes_in_the_log_is_limited(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()
    for number in range(500):
        notices.check_route(f"/route/{number}")
    assert len(read_log(caplog)) == 100

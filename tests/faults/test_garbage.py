"""Answers that are none: whatever the backend sends, the caller learns of it what it would learn without a policy."""

from __future__ import annotations

import pytest

from tests.faults import behaviours as b
from tests.faults.asking import cleaned
from tests.faults.hosts import Host

UNREADABLE = (500, "InternalServerError", {"type": "api_error", "param": None, "code": "policy_fault"})
CUT = (500, "InternalServerError", None)
# The middleware reads no compressed answer, and has asked for none: it fails closed. It begins a whole answer when it
# has all of it: where the app breaks off before that, the server says so, which can then do better than cut the line.
OTHERWISE = {
    ("asgi", "gzip"): UNREADABLE,
    ("asgi", "false-gzip"): UNREADABLE,
    ("asgi", "whole-too-short"): CUT,
}
# What comes under another content type than its own is not read by the hosts that go by bytes.
UNREAD = ("another-type", "json-type")
# Whether LiteLLM meets the end before the first event is on its way is a race of its own, with and without a policy.
RACES = ("cut-chunk", "too-short")


@pytest.mark.parametrize("name", b.WRONG_BODIES)
def test_a_whole_answer_that_is_none(any_host: Host, name: str) -> None:
    control, policed = any_host.ask_both(f"faulty-whole-{name}")

    if special := OTHERWISE.get((any_host.name, name), OTHERWISE.get((any_host.name, f"whole-{name}"))):
        assert policed.kind == special
        return
    assert policed.kind == control.kind
    assert policed.finish == control.finish
    unread = name in UNREAD and any_host.name != "litellm"
    assert policed.text == (control.text if unread else cleaned(control.text))
    if any_host.name != "litellm" and not control.text and name != "a-stream":
        assert policed.body == control.body


@pytest.mark.parametrize("name", b.WRONG_STREAMS)
def test_a_stream_that_is_none(any_host: Host, name: str) -> None:
    for _ in range(5):
        control, policed = any_host.ask_both(f"faulty-stream-{name}", stream=True)
        if policed.kind == control.kind or name not in RACES:
            break

    if special := OTHERWISE.get((any_host.name, name)):
        assert policed.kind == special
        return
    assert policed.kind == control.kind
    assert policed.finish == control.finish
    unread = name in UNREAD and any_host.name != "litellm"
    assert policed.text == (control.text if unread else cleaned(control.text))

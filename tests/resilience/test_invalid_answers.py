"""Invalid answers: the caller gets the same outcome as without a policy."""

from __future__ import annotations

import pytest

from tests.resilience import behaviours as b
from tests.resilience.hosts import Host
from tests.resilience.outcome import apply_filters

UNREADABLE = (500, "InternalServerError", {"type": "api_error", "param": None, "code": "policy_fault"})
CUT = (500, "InternalServerError", None)
# The middleware requests no compressed answer and cannot read one: it fails closed. It starts a whole answer when it is
# complete: if the app fails before that, the server sends an error instead of closing the connection.
OTHER_OUTCOMES = {
    ("asgi", "gzip"): UNREADABLE,
    ("asgi", "false-gzip"): UNREADABLE,
    ("asgi", "whole-too-short"): CUT,
}
# Hosts that work on bytes do not parse an answer with a wrong content type.
UNPARSED = ("another-type", "json-type")
# LiteLLM has a race between the end of the connection and its first event, with and without a policy.
RACES = ("cut-chunk", "too-short")


@pytest.mark.parametrize("name", b.WRONG_BODIES)
def test_invalid_whole_answer(any_host: Host, name: str) -> None:
    control, enforced = any_host.send_to_both(f"faulty-whole-{name}")

    if special := OTHER_OUTCOMES.get((any_host.name, name), OTHER_OUTCOMES.get((any_host.name, f"whole-{name}"))):
        assert enforced.kind == special
        return
    assert enforced.kind == control.kind
    assert enforced.finish == control.finish
    is_unparsed = name in UNPARSED and any_host.name != "litellm"
    assert enforced.text == (control.text if is_unparsed else apply_filters(control.text))
    if any_host.name != "litellm" and not control.text and name != "a-stream":
        assert enforced.body == control.body


@pytest.mark.parametrize("name", b.WRONG_STREAMS)
def test_invalid_stream(any_host: Host, name: str) -> None:
    for _ in range(5):
        control, enforced = any_host.send_to_both(f"faulty-stream-{name}", stream=True)
        if enforced.kind == control.kind or name not in RACES:
            break

    if special := OTHER_OUTCOMES.get((any_host.name, name)):
        assert enforced.kind == special
        return
    assert enforced.kind == control.kind
    assert enforced.finish == control.finish
    is_unparsed = name in UNPARSED and any_host.name != "litellm"
    assert enforced.text == (control.text if is_unparsed else apply_filters(control.text))

"""Connections that are refused or reset, or that stall: the text before that is delivered, then the same error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.resilience import behaviours as b
from tests.resilience.hosts import STALLING, Host, Proxies, build_host
from tests.resilience.outcome import Outcome, apply_filters
from tests.support.broken_backend import BrokenBackend
from tests.support.marks import WHOLE_AND_STREAMED

RESETS = ["resets-at-once", "resets-after-head", "resets-after-role", "resets-midway", "resets-within-an-event"]
NOT_STARTED = (500, "InternalServerError", None)


def check_same(host: Host, control: Outcome, enforced: Outcome, *, stream: bool) -> None:
    """Check that both ended in the same way, and that no text was lost or repeated."""
    if host.name == "asgi" and not stream and control.status == 0:
        assert enforced.kind == NOT_STARTED, (
            "the middleware starts a whole answer when it is complete, so the server can still send an error"
        )
    else:
        assert enforced.kind == control.kind
    assert (enforced.text, enforced.finish) == (apply_filters(control.text), control.finish)


@WHOLE_AND_STREAMED
def test_refused_connection(
    any_host: Host, backend: BrokenBackend, folder: Path, proxies: Proxies, stream: bool
) -> None:
    with build_host(any_host.name, backend.refusing_url, folder, proxies) as disconnected:
        control, enforced = disconnected.send_to_both("faulty-refused", stream=stream)

    assert control.error
    check_same(any_host, control, enforced, stream=stream)


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("name", RESETS)
def test_reset_connection(any_host: Host, name: str, stream: bool) -> None:
    control, enforced = any_host.send_to_both(f"faulty-{name}", stream=stream)

    assert control.error
    check_same(any_host, control, enforced, stream=stream)
    if stream and name in RESETS[3:]:
        assert control.text == b.HALF


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("name", STALLING)
def test_stalled_backend_until_the_client_times_out(any_host: Host, name: str, stream: bool) -> None:
    model, timeout_s = (f"impatient-{name}", 60.0) if any_host.name == "litellm" else (f"faulty-{name}", 1.0)
    control, enforced = any_host.send_to_both(model, stream=stream, timeout=timeout_s)

    assert control.error
    assert enforced.kind == control.kind
    assert enforced.finish == control.finish
    # The middleware's client closes the connection itself, so that buffered text cannot be delivered.
    assert enforced.text == (
        apply_filters(control.text).rstrip("\n") if any_host.name == "asgi" else apply_filters(control.text)
    )

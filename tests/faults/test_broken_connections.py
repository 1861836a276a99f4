"""A backend that refuses connections, resets them or stalls: what was said before is delivered, then the same error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import behaviours as b
from tests.faults.asking import Outcome, cleaned
from tests.faults.fake_backend import FakeBackend
from tests.faults.hosts import STALLING, Host, Proxies, host

WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
RESETS = ["resets-at-once", "resets-after-head", "resets-after-role", "resets-midway", "resets-within-an-event"]
NOT_BEGUN = (500, "InternalServerError", None)


def same(made: Host, control: Outcome, policed: Outcome, *, stream: bool) -> None:
    """Check that both ended in the same way, and that no text was lost before that or came twice."""
    if made.name == "asgi" and not stream and control.status == 0:
        assert policed.kind == NOT_BEGUN, "a whole answer begins when it is there: the server can still say so"
    else:
        assert policed.kind == control.kind
    assert (policed.text, policed.finish) == (cleaned(control.text), control.finish)


@WAYS
def test_a_backend_that_refuses_connections(
    any_host: Host, backend: FakeBackend, folder: Path, proxies: Proxies, stream: bool
) -> None:
    with host(any_host.name, backend.refusing_url, folder, proxies) as cut_off:
        control, policed = cut_off.ask_both("faulty-refused", stream=stream)

    assert control.error
    same(any_host, control, policed, stream=stream)


@WAYS
@pytest.mark.parametrize("name", RESETS)
def test_a_backend_that_resets_the_connection(any_host: Host, name: str, stream: bool) -> None:
    control, policed = any_host.ask_both(f"faulty-{name}", stream=stream)

    assert control.error
    same(any_host, control, policed, stream=stream)
    if stream and name in RESETS[3:]:
        assert control.text == b.HALF


@WAYS
@pytest.mark.parametrize("name", STALLING)
def test_a_backend_that_stalls_until_its_caller_has_had_enough(any_host: Host, name: str, stream: bool) -> None:
    model, patience = (f"impatient-{name}", 60.0) if any_host.name == "litellm" else (f"faulty-{name}", 1.0)
    control, policed = any_host.ask_both(model, stream=stream, timeout=patience)

    assert control.error
    assert policed.kind == control.kind
    assert policed.finish == control.finish
    # Behind the middleware it is the client that leaves: what was held back then has nobody to go to.
    assert policed.text == (cleaned(control.text).rstrip("\n") if any_host.name == "asgi" else cleaned(control.text))

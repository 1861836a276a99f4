"""Binding ports and finding their users."""

from __future__ import annotations

import os
import sys

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.ports import bind, find_free_port, find_listener
from prompt_policy.net import LOOPBACK


def test_a_free_port_can_be_bound() -> None:
    port = find_free_port(LOOPBACK)

    assert find_free_port(LOOPBACK, port) == port


def test_a_port_in_use_is_reported() -> None:
    with bind(LOOPBACK, 0) as listener, pytest.raises(UsageError, match="is in use; stop the process"):
        find_free_port(LOOPBACK, listener.getsockname()[1])


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "a" * 100])
def test_an_address_that_cannot_be_bound_is_one_line(host: str) -> None:
    with pytest.raises(UsageError, match=f"^cannot listen on {host} port 0: [^\n]+$"):
        find_free_port(host)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_an_invalid_port_number_is_reported(port: int) -> None:
    with pytest.raises(UsageError, match="expected 0 to 65535"):
        find_free_port(LOOPBACK, port)


def test_the_listener_of_a_port_is_named_with_its_process_id() -> None:
    with bind(LOOPBACK, 0) as listener:
        process = find_listener(listener.getsockname()[1])

    assert process is not None
    assert process.endswith(f", pid {os.getpid()}")


def test_a_port_without_listener_has_none() -> None:
    assert find_listener(find_free_port(LOOPBACK)) is None


def test_without_psutil_no_listener_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)

    with bind(LOOPBACK, 0) as listener:
        assert find_listener(listener.getsockname()[1]) is None

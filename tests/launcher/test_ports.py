"""Ports and the URLs that lead to them."""

from __future__ import annotations

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.launcher.ports import LOOPBACK, bound, free_port, url_of


def test_a_free_port_can_be_had() -> None:
    port = free_port(LOOPBACK)

    assert free_port(LOOPBACK, port) == port


def test_a_taken_port_is_told() -> None:
    with bound(LOOPBACK, 0) as taken, pytest.raises(UsageError, match="is taken: stop what listens there"):
        free_port(LOOPBACK, taken.getsockname()[1])


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "a" * 100])
def test_an_address_that_cannot_be_had_is_one_line(host: str) -> None:
    with pytest.raises(UsageError, match=f"^cannot listen on {host} port 0: [^\n]+$"):
        free_port(host)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_number_that_is_no_port_is_told(port: int) -> None:
    with pytest.raises(UsageError, match="expected 0 to 65535"):
        free_port(LOOPBACK, port)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4000"),
        ("localhost", "http://localhost:4000"),
        ("0.0.0.0", "http://127.0.0.1:4000"),
        ("::", "http://[::1]:4000"),
    ],
)
def test_a_url_leads_to_the_port(host: str, url: str) -> None:
    assert url_of(host, 4000) == url

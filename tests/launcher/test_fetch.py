"""A GET over HTTP."""

from __future__ import annotations

import json
import urllib.error

import pytest

from prompt_policy.launcher.fetch import fetched
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from tests.echoes import Serve


def test_a_get_brings_the_body(serve: Serve) -> None:
    assert json.loads(fetched(f"{serve(models=['m'])}/v1/models", timeout_s=5))["data"][0]["id"] == "m"


def test_a_key_goes_along(serve: Serve) -> None:
    root = serve(api_key="right")

    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetched(f"{root}/v1/models", timeout_s=5)

    assert fetched(f"{root}/v1/models", "right", timeout_s=5)


def test_loopback_is_asked_directly(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", url_of(LOOPBACK, free_port(LOOPBACK)))

    assert fetched(f"{serve()}/health", timeout_s=5) is not None


def test_nobody_there_is_an_oserror() -> None:
    with pytest.raises(OSError, match="refused"):
        fetched(url_of(LOOPBACK, free_port(LOOPBACK)), timeout_s=5)

"""The server behind the proxy."""

from __future__ import annotations

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from prompt_policy.proxy.backend import Backend, asked
from tests.echoes import Serve


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
def test_a_backend_names_its_models(serve: Serve, end: str) -> None:
    root = serve(models=["a/b", "c"])

    assert asked(root + end, None) == Backend(f"{root}/v1", ("a/b", "c"))


def test_a_key_is_sent(serve: Serve) -> None:
    root = serve(api_key="right")

    assert asked(root, "right").key == "right"


@pytest.mark.parametrize(("key", "message"), [(None, "wants a key: give it with --backend-api-key"), ("no", "refuses")])
def test_a_missing_or_wrong_key_is_told(serve: Serve, key: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        asked(serve(api_key="right"), key)


def test_a_backend_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match=r"cannot be reached: Connection refused$"):
        asked(url_of(LOOPBACK, free_port(LOOPBACK)), None)


def test_a_server_of_another_kind_is_told(serve: Serve) -> None:
    with pytest.raises(UsageError, match="HTTP 404: is it an OpenAI-compatible server"):
        asked(f"{serve()}/elsewhere", None)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a", "http://", "http://[", "http://a:b"])
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(UsageError, match=r"^--backend "):
        asked(url, None)


@pytest.mark.parametrize("url", ["http://name:hunter2@127.0.0.1:8000", "http://hunter2@127.0.0.1:8000/v1"])
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="cannot stand in the URL") as caught:
        asked(url, None)
    assert "hunter2" not in str(caught.value)

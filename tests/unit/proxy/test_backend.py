"""The server behind the proxy."""

from __future__ import annotations

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.proxy.backend import Backend, query_backend
from tests.support.servers import Serve


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
def test_models_are_listed(serve: Serve, end: str) -> None:
    root = serve(models=["a/b", "c"])

    assert query_backend(root + end, None) == Backend(f"{root}/v1", ("a/b", "c"))


def test_the_key_is_sent(serve: Serve) -> None:
    root = serve(api_key="right")

    assert query_backend(root, "right").key == "right"


@pytest.mark.parametrize(
    ("key", "message"), [(None, "requires a key; set --backend-api-key"), ("no", "rejects the key")]
)
def test_a_missing_or_wrong_key_is_reported(serve: Serve, key: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        query_backend(serve(api_key="right"), key)


def test_an_unreachable_backend_is_reported() -> None:
    with pytest.raises(UsageError, match=r"cannot be reached: Connection refused$"):
        query_backend(build_url(LOOPBACK, find_free_port(LOOPBACK)), None)


def test_a_server_of_another_kind_is_reported(serve: Serve) -> None:
    with pytest.raises(UsageError, match="HTTP 404; check that it is an OpenAI-compatible server"):
        query_backend(f"{serve()}/elsewhere", None)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a", "http://", "http://[", "http://a:b"])
def test_an_invalid_url_is_reported(url: str) -> None:
    with pytest.raises(UsageError, match=r"^--backend "):
        query_backend(url, None)


@pytest.mark.parametrize("url", ["http://name:hunter2@127.0.0.1:8000", "http://hunter2@127.0.0.1:8000/v1"])
def test_a_password_in_the_url_is_rejected_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="contains a user name or password") as caught:
        query_backend(url, None)
    assert "hunter2" not in str(caught.value)

"""HTTP requests, URLs and network errors."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import (
    LOOPBACK,
    HttpReply,
    build_url,
    check_http_url,
    describe_error,
    get,
    post_first_line,
    post_json,
    send_request,
)
from tests.support.servers import Serve


def test_get_returns_the_body(serve: Serve) -> None:
    assert json.loads(get(f"{serve(models=['m'])}/v1/models", timeout_s=5))["data"][0]["id"] == "m"


def test_get_sends_the_key(serve: Serve) -> None:
    root = serve(api_key="right")

    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(f"{root}/v1/models", timeout_s=5)

    assert get(f"{root}/v1/models", "right", timeout_s=5)


@pytest.mark.parametrize(("body", "status"), [(b"{}", 200), (b"[]", 400)])
def test_post_returns_status_and_body(serve: Serve, body: bytes, status: int) -> None:
    answer = post_json(f"{serve()}/v1/completions", body, timeout_s=5)

    assert answer[0] == status
    assert json.loads(answer[1])


def test_the_first_line_of_a_stream_is_returned_without_the_rest(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: comment\n\ndata: 1\n\n"

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(head)
                connection.recv(4096)  # until the client closes: the stream itself never ends

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/chat/completions"

        assert post_first_line(url, b"{}", timeout_s=10) == (200, b"data: 1\n")
        thread.join(10)
    assert post_first_line(f"{serve()}/v1/completions", b"not json", timeout_s=5)[0] == 400


def test_loopback_ignores_the_proxy_of_the_environment(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", build_url(LOOPBACK, find_free_port(LOOPBACK)))

    assert get(f"{serve()}/health", timeout_s=5) is not None


def test_a_refused_connection_is_an_oserror() -> None:
    with pytest.raises(OSError, match="refused") as error:
        get(build_url(LOOPBACK, find_free_port(LOOPBACK)), timeout_s=5)

    assert describe_error(error.value) == "Connection refused"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4000"),
        ("localhost", "http://localhost:4000"),
        ("0.0.0.0", "http://127.0.0.1:4000"),
        ("::", "http://[::1]:4000"),
    ],
)
def test_urls_of_wildcard_addresses_lead_to_loopback(host: str, url: str) -> None:
    assert build_url(host, 4000) == url


@pytest.mark.parametrize("url", ["http://a", "https://[::1]:8000/v1", "HTTP://a"])
def test_http_urls_are_accepted(url: str) -> None:
    check_http_url(url)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a", "http://", "http://[", "http://a:b", ""])
def test_other_urls_are_rejected_naming_the_option(url: str) -> None:
    with pytest.raises(UsageError, match=r"^--base-url"):
        check_http_url(url, "--base-url")


def test_a_reply_of_any_status_is_returned_with_its_headers(serve: Serve) -> None:
    root = serve(api_key="right")
    refused = send_request(f"{root}/v1/models", None, {}, timeout_s=5)
    assert (refused.status, refused.media_type) == (401, "application/json")
    assert refused.parse_object()["error"]["code"] == 401
    assert send_request(f"{root}/v1/completions", b"{}", {}, "right", timeout_s=5).status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b"[" * 100_000])
def test_a_body_without_an_object_is_an_empty_one(body: bytes) -> None:
    assert HttpReply(200, {}, body).parse_object() == {}

"""Promise: nothing that a client or an author of policies writes is injected into a header."""

from __future__ import annotations

import importlib
import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.decision import Decision, Outcome
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.family import installed_family
from prompt_policy.wire import MISSING, Change
from tests.echoes import served
from tests.security.conftest import HOSTILE, PATHS, WAYS, Asking
from tests.support import policy_of

http = importlib.import_module(installed_family())
VISIBLE = re.compile(r"[!-~]{1,1030}")
PATH = "/v1/chat/completions"
WORDS = {
    "a line": "x\r\nset-cookie: a=b",
    "a bare newline": "x\nset-cookie: a=b",
    "a body": "x\r\n\r\n<html>",
    "a NUL": "x\x00y",
    "an escape": "x\x1b[2J",
    "not ASCII": "é数\u2028\x85",
    "half a surrogate": "x\ud800",
    "commas": "a,b, c",
    "blanks": " \t x ",
    "long": "x" * 100_000,
    "long with commas": "x," * 50_000,
}
HOSTILE_WORDS = pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
POLICY = policy_of(
    {"kind": "clamp", "parameters": {word.replace(".", "_"): {"default": 1} for word in WORDS.values()}},
    {"kind": "clamp", "name": "nested", "parameters": {f"a.{word}": {"value": True} for word in WORDS.values()}},
    {"kind": "append_suffix", "text": "Cite.", "when": {"task": ["math", *WORDS.values()]}},
)


def ours(headers: Any) -> dict[str, str]:
    """Return the headers that are ours; all of them must be harmless."""
    found = {name: value for name, value in headers.items() if name.startswith("x-prompt-policy")}
    assert found
    for value in found.values():
        assert VISIBLE.fullmatch(value), value[:200]
    return found


@HOSTILE_WORDS
@pytest.mark.parametrize(
    "make", [lambda word: {"name": word}, lambda word: {"rules": [{"kind": "fold_system", "name": word}]}]
)
def test_names_of_policies_and_rules_are_names(word: str, make: Any) -> None:
    with pytest.raises((ValidationError, UnicodeEncodeError)):
        policy_of(**{"name": "p", "rules": [], **make(word)})


@HOSTILE_WORDS
def test_a_decision_makes_no_header_of_a_callers_words(word: str) -> None:
    changes = (Change(word, MISSING, 1), Change(f"a.{word}", word, True), Change("stop", [word], {word: 1}))
    decision = Decision("p", "0" * 12, "chat", word, [Outcome("r", "clamp", "fired", changes=changes)], task=word)
    headers = ours(decision.headers())
    assert "set-cookie: " not in str(headers)
    assert decision.told_task == "-"


@pytest.fixture(scope="module")
def seen() -> list[Any]:
    """What the server behind the middleware was told in headers."""
    return []


@pytest.fixture(scope="module")
def root(seen: list[Any]) -> Iterator[str]:
    async def answer(request: Request) -> JSONResponse:
        await request.json()
        seen.append(request.headers.getlist("x-prompt-policy-task"))
        return JSONResponse({"choices": []})

    app = Starlette(routes=[Route(PATH, answer, methods=["POST"])])
    with served(PolicyMiddleware(app, POLICY)) as root:
        yield root


def asked(word: str) -> dict[str, Any]:
    return {"model": word, "messages": [{"role": "user", "content": word}], "metadata": {"task": word, word: word}}


@HOSTILE_WORDS
def test_the_middleware_injects_nothing_on_either_side(root: str, seen: list[Any], word: str) -> None:
    address, body = urlsplit(root), json.dumps(asked(word)).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    with closing(socket.create_connection((address.hostname, address.port), timeout=60)) as line:
        line.sendall(head.encode() + body)
        with line.makefile("rb") as answer:
            first, _, _ = answer.read().partition(b"\r\n\r\n")
    lines = first.decode("latin-1").lower().split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    assert set(ours(headers)) == {f"x-prompt-policy{end}" for end in ("", "-applied", "-changed")}
    assert set(headers) - set(ours(headers)) == {"date", "server", "content-length", "content-type", "connection"}
    assert seen[-1] == ["-"]


@pytest.mark.parametrize("word", ["a word, and more", "\xe9", "x" * 5000])
def test_a_callers_own_header_goes_on_only_as_a_name(root: str, seen: list[Any], word: str) -> None:
    headers = {"x-prompt-policy-task": word.encode("latin-1")}
    http.post(f"{root}{PATH}", json=asked("m"), headers=headers).raise_for_status()
    assert seen[-1] == ["-"]
    http.post(f"{root}{PATH}", json=asked("m"), headers={"x-prompt-policy-task": "math"}).raise_for_status()
    assert seen[-1] == ["math"]


@HOSTILE_WORDS
def test_the_http_client_injects_nothing_on_either_side(word: str) -> None:
    told: list[Any] = []

    def answer(request: Any) -> Any:
        told.append(request.headers["x-prompt-policy-task"])
        return http.Response(200, json={"choices": []})

    with policy_http_client(POLICY, http.Client(transport=http.MockTransport(answer))) as client:
        body = json.dumps(asked(word)).encode()
        response = client.post(f"http://x{PATH}", content=body, headers={"content-type": "application/json"})
    ours(response.headers)
    assert told == ["-"]


@WAYS
@PATHS
@HOSTILE_WORDS
def test_litellms_proxy_injects_nothing(asking: Asking, path: str, word: str, stream: bool) -> None:
    sendable = word.encode(errors="replace").decode()
    answer = asking.ask(path, stream=stream, metadata={"task": sendable}, user=sendable)
    headers = ours(answer.response.headers)
    assert HOSTILE not in str(headers)
    assert "evil__set-cookie" in headers["x-prompt-policy-changed"]
    assert "set-cookie" not in answer.response.headers

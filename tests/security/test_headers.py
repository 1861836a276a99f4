"""Promise: no text of a client or of a policy's author is injected into a header."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.runtime.decision import Decision, RuleOutcome
from prompt_policy.wire import MISSING, Change
from tests.security.guarded_proxy import EACH_PATH, HOSTILE, GuardedProxy
from tests.support.fake_backend import FakeBackend, build_json_response
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.policies import policy_of
from tests.support.raw_http import send_raw
from tests.support.servers import serve_app_in_thread

http = importlib.import_module(detect_installed_library())
VISIBLE = re.compile(r"[!-~]{1,1030}")
PATH = "/v1/chat/completions"
WORDS = {
    "a line": "x\r\nset-cookie: a=b",
    "a bare newline": "x\nset-cookie: a=b",
    "a body": "x\r\n\r\n<html>",
    "a NUL": "x\x00y",
    "an escape": "x\x1b[2J",
    "not ASCII": "é数\u2028\x85",
    "a lone surrogate": "x\ud800",
    "commas": "a,b, c",
    "blanks": " \t x ",
    "long": "x" * 100_000,
    "long with commas": "x," * 50_000,
}
TASKS = [word for word in WORDS.values() if word != WORDS["a lone surrogate"]]  # a policy cannot name that one
HOSTILE_WORDS = pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
POLICY = policy_of(
    {"kind": "clamp", "parameters": {word.replace(".", "_"): {"default": 1} for word in WORDS.values()}},
    {"kind": "clamp", "name": "nested", "parameters": {f"a.{word}": {"value": True} for word in WORDS.values()}},
    {"kind": "append_suffix", "text": "Cite.", "when": {"task": ["math", *TASKS]}},
)


def collect_policy_headers(headers: Any) -> dict[str, str]:
    """Return the headers of this package; check that each is of visible ASCII and bounded in length."""
    found = {name: value for name, value in headers.items() if name.startswith("x-prompt-policy")}
    assert found
    for value in found.values():
        assert VISIBLE.fullmatch(value), value[:200]
    return found


@HOSTILE_WORDS
@pytest.mark.parametrize(
    "make", [lambda word: {"name": word}, lambda word: {"rules": [{"kind": "fold_system", "name": word}]}]
)
def test_invalid_names_of_policies_and_rules_are_rejected(word: str, make: Any) -> None:
    with pytest.raises((ValidationError, UnicodeEncodeError)):
        policy_of(**{"name": "p", "rules": [], **make(word)})


@HOSTILE_WORDS
def test_decision_puts_no_caller_text_into_headers(word: str) -> None:
    changes = (Change(word, MISSING, 1), Change(f"a.{word}", word, True), Change("stop", [word], {word: 1}))
    decision = Decision("p", "0" * 12, "chat", word, [RuleOutcome("r", "clamp", "fired", changes=changes)], task=word)
    headers = collect_policy_headers(decision.headers())
    assert "set-cookie: " not in str(headers)
    assert decision.loggable_task == "-"


@pytest.fixture(scope="module")
def backend() -> FakeBackend:
    """The app behind the middleware."""
    return FakeBackend(build_json_response({"choices": []}))


@pytest.fixture(scope="module")
def root(backend: FakeBackend) -> Iterator[str]:
    with serve_app_in_thread(PolicyMiddleware(backend, POLICY)) as root:
        yield root


def last_task_headers(backend: FakeBackend) -> list[str]:
    return backend.headers[-1].getlist("x-prompt-policy-task")


def build_body(word: str) -> dict[str, Any]:
    return {"model": word, "messages": [{"role": "user", "content": word}], "metadata": {"task": word, word: word}}


@HOSTILE_WORDS
def test_middleware_prevents_header_injection_in_both_directions(root: str, backend: FakeBackend, word: str) -> None:
    body = json.dumps(build_body(word)).encode()
    with send_raw(root, f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n", body) as response:
        head, _, _ = response.read().partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    assert set(collect_policy_headers(headers)) == {f"x-prompt-policy{end}" for end in ("", "-applied", "-changed")}
    assert set(headers) - set(collect_policy_headers(headers)) == {
        "date",
        "server",
        "content-length",
        "content-type",
        "connection",
    }
    assert last_task_headers(backend) == ["-"]


@pytest.mark.parametrize("word", ["a word, and more", "\xe9", "x" * 5000])
def test_task_header_is_forwarded_only_if_it_is_a_name(root: str, backend: FakeBackend, word: str) -> None:
    headers = {"x-prompt-policy-task": word.encode("latin-1")}
    http.post(f"{root}{PATH}", json=build_body("m"), headers=headers).raise_for_status()
    assert last_task_headers(backend) == ["-"]
    http.post(f"{root}{PATH}", json=build_body("m"), headers={"x-prompt-policy-task": "math"}).raise_for_status()
    assert last_task_headers(backend) == ["math"]


@HOSTILE_WORDS
def test_http_client_prevents_header_injection_in_both_directions(word: str) -> None:
    tasks: list[Any] = []

    def answer(request: Any) -> Any:
        tasks.append(request.headers["x-prompt-policy-task"])
        return http.Response(200, json={"choices": []})

    with policy_http_client(POLICY, http.Client(transport=http.MockTransport(answer))) as client:
        body = json.dumps(build_body(word)).encode()
        response = client.post(f"http://x{PATH}", content=body, headers={"content-type": "application/json"})
    collect_policy_headers(response.headers)
    assert tasks == ["-"]


@WHOLE_AND_STREAMED
@EACH_PATH
@HOSTILE_WORDS
def test_litellms_proxy_prevents_header_injection(guarded: GuardedProxy, path: str, word: str, stream: bool) -> None:
    sendable = word.encode(errors="replace").decode()
    answer = guarded.send(path, stream=stream, metadata={"task": sendable}, user=sendable)
    headers = collect_policy_headers(answer.response.headers)
    assert HOSTILE not in str(headers)
    assert "evil__set-cookie" in headers["x-prompt-policy-changed"]
    assert "set-cookie" not in answer.response.headers

"""Promise: the policy applies to every request that the app behind the middleware parses, in any spelling."""

from __future__ import annotations

import gzip
import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request

from prompt_policy import PolicySet
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.backends import detect_installed_library
from tests.support.policies import policy_of
from tests.support.raw_http import send_raw
from tests.support.servers import serve_app_in_thread

http = importlib.import_module(detect_installed_library())
COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"value": 0.5}}}
SKIPPABLE = {"kind": "clamp", "name": "skippable", "may_skip": True, "parameters": {"top_k": {"value": 5}}}
POLICIES = PolicySet([policy_of(COOL, SKIPPABLE, applies_to={"models": ["m"]})])
PATH = "/v1/chat/completions"
BODY = {"model": "m", "temperature": 2, "messages": []}
TEXT = json.dumps(BODY)


class FastApiServer:
    """A server that records the JSON that FastAPI parses from requests.

    FastAPI, and not ``FakeBackend``, because vLLM is a FastAPI app: its routing and parsing are under test here.
    """

    def __init__(self) -> None:
        self.parsed: list[Any] = []
        self.app = FastAPI()
        for path in (PATH, "/v1/completions", "/v1/responses", "/v1/messages"):
            self.app.post(path)(self.answer)
        self.root = ""

    async def answer(self, request: Request) -> dict[str, Any]:
        """Parse the body as JSON, and answer."""
        self.parsed.append(await request.json())
        return {"choices": []}

    def send(self, head: str, body: bytes) -> int:
        """Send a request byte by byte, and return the status of the response."""
        self.parsed.clear()
        with send_raw(self.root, head, body) as response:
            return int(response.readline().split()[1])

    def post(self, path: str, body: bytes, *headers: str) -> int:
        """Post a body to a path, and return the status of the response."""
        sized = [f"content-length: {len(body)}", "host: localhost", *headers]
        return self.send(f"POST {path} HTTP/1.1\r\n" + "".join(f"{header}\r\n" for header in sized), body)


@pytest.fixture(scope="module")
def server() -> Iterator[FastApiServer]:
    server = FastApiServer()
    with serve_app_in_thread(PolicyMiddleware(server.app, POLICIES)) as server.root:
        yield server


@pytest.mark.parametrize("path", [PATH, "/v1/completions", "/v1/responses", "/v1/messages"])
@pytest.mark.parametrize(
    "spell",
    [
        lambda path: path,
        lambda path: f"{path}%0A",
        lambda path: path.replace("/v1/", "/v1%2F"),
        lambda path: path.replace("e", "%65"),
        lambda path: f"{path}?model=other&x=/embeddings",
    ],
)
def test_policy_applies_to_every_spelling_of_a_routed_path(
    server: FastApiServer, path: str, spell: Callable[[str], str]
) -> None:
    assert server.post(spell(path), TEXT.encode()) == 200
    assert [body["temperature"] for body in server.parsed] == [0.5]


@pytest.mark.parametrize(
    "path",
    [f"{PATH}/", f"{PATH}//", f"/{PATH}", "/V1/chat/completions", "/v1//chat/completions", "/v1/./chat/completions",
     "/v1/x/../chat/completions", f"{PATH};x", f"{PATH}%20", f"{PATH}%00", f"{PATH}%0D", f"{PATH}%0A%0A", f"{PATH}%3F",
     f"http://localhost{PATH}", f"http://x{PATH}"],
)  # fmt: skip
def test_other_spellings_of_a_path_do_not_bypass_the_policy(server: FastApiServer, path: str) -> None:
    server.post(path, TEXT.encode())
    assert [body["temperature"] for body in server.parsed if body["temperature"] != 0.5] == []


@pytest.mark.parametrize("method", ["post", "Post", "PUT", "PATCH", "GET", "QUERY", "POST\t"])
def test_no_other_method_reaches_the_server(server: FastApiServer, method: str) -> None:
    headers = ("host: localhost", f"content-length: {len(TEXT)}", "x-http-method-override: POST")
    head = "".join(f"{line}\r\n" for line in (f"{method} {PATH} HTTP/1.1", *headers))
    assert server.send(head, TEXT.encode()) >= 400
    assert server.parsed == []


BODIES = {
    "plain": TEXT.encode(),
    "a byte order mark": TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16-le": TEXT.encode("utf-16-le"),
    "utf-32": TEXT.encode("utf-32"),
    "spaces": f"\n\t {TEXT} \r\n".encode(),
    "escapes": TEXT.replace("model", "mod\\u0065l").replace("temperature", "\\u0074emperature").encode(),
    "the model twice": b'{"model":"other",%b' % TEXT.encode()[1:],
    "the model twice, escaped": b'{"mod\\u0065l":"other",%b' % TEXT.encode()[1:],
    "the parameter twice": b'{"temperature":0.5,%b' % TEXT.encode()[1:],
    "a lone surrogate": b'{"x":"\\ud800",%b' % TEXT.encode()[1:],
    "nesting": b'{"x":%b,%b' % (b"[" * 600 + b"]" * 600, TEXT.encode()[1:]),
    "a long number": b'{"seed":%b,%b' % (b"1" * 4300, TEXT.encode()[1:]),
    "no number": b'{"seed":NaN,"top_p":Infinity,%b' % TEXT.encode()[1:],
    "an infinite parameter": TEXT.replace("2", "1e999").encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_policy_applies_to_all_json_that_the_server_parses(server: FastApiServer, body: bytes) -> None:
    assert server.post(PATH, body) == 200
    assert [(body["model"], body["temperature"]) for body in server.parsed] == [("m", 0.5)]


UNREADABLE = {
    "not UTF-8": b'{"x":"\xff",%b' % TEXT.encode()[1:],
    "more behind it": f"{TEXT}x".encode(),
    "a NUL behind it": f"{TEXT}\0".encode(),
    "a comma too many": f"{TEXT[:-1]},}}".encode(),
    "a comment": f"/**/{TEXT}".encode(),
    "single quotes": TEXT.replace('"', "'").encode(),
    "a longer number": b'{"seed":%b,%b' % (b"1" * 5000, TEXT.encode()[1:]),
    "deeper nesting": b'{"x":%b,%b' % (b"[" * 100_000 + b"]" * 100_000, TEXT.encode()[1:]),
    "no model": b'{"temperature":2,"messages":[]}',
    "a null model": TEXT.replace('"m"', "null").encode(),
    "an empty model": TEXT.replace('"m"', '""').encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_unparsable_bodies_are_not_parsed_by_the_server(server: FastApiServer, body: bytes) -> None:
    assert server.post(PATH, body) >= 400
    assert server.parsed == []


@pytest.mark.parametrize(
    "headers",
    [
        ["content-type: text/plain"],
        ["content-type: application/x-www-form-urlencoded"],
        ["content-type: application/json; charset=utf-16"],
        ["content-type: text/plain", "content-type: application/json"],
        ["x-prompt-policy-skip: cool, *, test"],
        ["x-prompt-policy-skip: cool", "x-prompt-policy-skip: cool"],
        ["X-PROMPT-POLICY-SKIP: cool"],
        ["x-prompt-policy: none", "x-prompt-policy-applied: cool", "x-prompt-policy-task: math"],
        ["host: x/v1/embeddings?"],
        ["content-encoding: identity"],
        ["expect: 100-continue"],
    ],
)
def test_no_header_bypasses_a_mandatory_rule(server: FastApiServer, headers: list[str]) -> None:
    server.post(PATH, TEXT.encode(), *headers)
    assert [body["temperature"] for body in server.parsed if body["temperature"] != 0.5] == []


@pytest.mark.parametrize(
    "encodings", [["gzip"], ["GZIP"], ["gzip", "identity"], ["identity", "gzip"], ["identity, gzip"], ["x"], ["br"]]
)
def test_compressed_body_is_rejected_however_it_is_declared(server: FastApiServer, encodings: list[str]) -> None:
    headers = [f"content-encoding: {encoding}" for encoding in encodings]
    assert server.post(PATH, gzip.compress(TEXT.encode()), *headers) == 415
    assert server.parsed == []


@pytest.mark.parametrize(
    ("skip", "top_k"), [("skippable", 9), ("cool", 5), ("SKIPPABLE", 5), ("skippable-x", 5), ("", 5)]
)
def test_only_skippable_rules_are_skipped(server: FastApiServer, skip: str, top_k: int) -> None:
    body = {**BODY, "top_k": 9}
    server.post(PATH, json.dumps(body).encode(), f"x-prompt-policy-skip: {skip}")
    assert [(body["temperature"], body["top_k"]) for body in server.parsed] == [(0.5, top_k)]


def test_http_client_skips_only_skippable_rules(server: FastApiServer) -> None:
    with policy_http_client(POLICIES, http.Client()) as client:
        headers = {"x-prompt-policy-skip": "cool"}
        client.post(f"{server.root}{PATH}", json=BODY, headers=headers).raise_for_status()
    assert server.parsed[-1]["temperature"] == 0.5

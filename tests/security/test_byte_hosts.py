"""Promise: what a server behind the ASGI middleware reads as a request has met the policy, however it is spelled."""

from __future__ import annotations

import gzip
import importlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request

from prompt_policy import PolicySet
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.family import installed_family
from tests.echoes import served
from tests.support import policy_of

http = importlib.import_module(installed_family())
COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"value": 0.5}}}
SPARED = {"kind": "clamp", "name": "spared", "may_skip": True, "parameters": {"top_k": {"value": 5}}}
POLICIES = PolicySet([policy_of(COOL, SPARED, applies_to={"models": ["m"]})])
PATH = "/v1/chat/completions"
BODY = {"model": "m", "temperature": 2, "messages": []}
TEXT = json.dumps(BODY)


class Server:
    """A FastAPI app, as vLLM is one, that keeps what it read as a request."""

    def __init__(self) -> None:
        self.read: list[Any] = []
        self.app = FastAPI()
        for path in (PATH, "/v1/completions", "/v1/responses", "/v1/messages"):
            self.app.post(path)(self.answer)
        self.root = ""

    async def answer(self, request: Request) -> dict[str, Any]:
        """Answer, where the body is JSON."""
        self.read.append(await request.json())
        return {"choices": []}

    def ask(self, head: str, body: bytes) -> int:
        """Send a request byte by byte as it was given, and return the status of its answer."""
        self.read.clear()
        address = urlsplit(self.root)
        with closing(socket.create_connection((address.hostname, address.port), timeout=60)) as line:
            line.sendall(head.encode("latin-1") + b"connection: close\r\n\r\n" + body)
            with line.makefile("rb") as answer:
                return int(answer.readline().split()[1])

    def post(self, path: str, body: bytes, *headers: str) -> int:
        """Post a body to a path."""
        sized = [f"content-length: {len(body)}", "host: localhost", *headers]
        return self.ask(f"POST {path} HTTP/1.1\r\n" + "".join(f"{header}\r\n" for header in sized), body)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server()
    with served(PolicyMiddleware(server.app, POLICIES)) as server.root:
        yield server


@pytest.mark.parametrize("path", [PATH, "/v1/completions", "/v1/responses", "/v1/messages"])
@pytest.mark.parametrize(
    "spelt",
    [
        lambda path: path,
        lambda path: f"{path}%0A",
        lambda path: path.replace("/v1/", "/v1%2F"),
        lambda path: path.replace("e", "%65"),
        lambda path: f"{path}?model=other&x=/embeddings",
    ],
)
def test_every_spelling_of_a_path_that_the_server_knows_is_policed(
    running: Server, path: str, spelt: Callable[[str], str]
) -> None:
    assert running.post(spelt(path), TEXT.encode()) == 200
    assert [body["temperature"] for body in running.read] == [0.5]


@pytest.mark.parametrize(
    "path",
    [f"{PATH}/", f"{PATH}//", f"/{PATH}", "/V1/chat/completions", "/v1//chat/completions", "/v1/./chat/completions",
     "/v1/x/../chat/completions", f"{PATH};x", f"{PATH}%20", f"{PATH}%00", f"{PATH}%0D", f"{PATH}%0A%0A", f"{PATH}%3F",
     f"http://localhost{PATH}", f"http://x{PATH}"],
)  # fmt: skip
def test_other_spellings_do_not_reach_the_server_unpoliced(running: Server, path: str) -> None:
    running.post(path, TEXT.encode())
    assert [body["temperature"] for body in running.read if body["temperature"] != 0.5] == []


@pytest.mark.parametrize("method", ["post", "Post", "PUT", "PATCH", "GET", "QUERY", "POST\t"])
def test_no_other_method_reaches_the_server(running: Server, method: str) -> None:
    headers = ("host: localhost", f"content-length: {len(TEXT)}", "x-http-method-override: POST")
    head = "".join(f"{line}\r\n" for line in (f"{method} {PATH} HTTP/1.1", *headers))
    assert running.ask(head, TEXT.encode()) >= 400
    assert running.read == []


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
    "half a surrogate": b'{"x":"\\ud800",%b' % TEXT.encode()[1:],
    "nesting": b'{"x":%b,%b' % (b"[" * 600 + b"]" * 600, TEXT.encode()[1:]),
    "a long number": b'{"seed":%b,%b' % (b"1" * 4300, TEXT.encode()[1:]),
    "no number": b'{"seed":NaN,"top_p":Infinity,%b' % TEXT.encode()[1:],
    "an infinite parameter": TEXT.replace("2", "1e999").encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_whatever_json_the_server_reads_is_policed(running: Server, body: bytes) -> None:
    assert running.post(PATH, body) == 200
    assert [(read["model"], read["temperature"]) for read in running.read] == [("m", 0.5)]


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
def test_what_we_cannot_read_the_server_does_not_read_either(running: Server, body: bytes) -> None:
    assert running.post(PATH, body) >= 400
    assert running.read == []


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
def test_no_header_leads_around_a_rule_that_may_not_be_skipped(running: Server, headers: list[str]) -> None:
    running.post(PATH, TEXT.encode(), *headers)
    assert [body["temperature"] for body in running.read if body["temperature"] != 0.5] == []


@pytest.mark.parametrize(
    "encodings", [["gzip"], ["GZIP"], ["gzip", "identity"], ["identity", "gzip"], ["identity, gzip"], ["x"], ["br"]]
)
def test_a_compressed_body_is_refused_however_it_is_told(running: Server, encodings: list[str]) -> None:
    headers = [f"content-encoding: {encoding}" for encoding in encodings]
    assert running.post(PATH, gzip.compress(TEXT.encode()), *headers) == 415
    assert running.read == []


@pytest.mark.parametrize(("asked", "top_k"), [("spared", 9), ("cool", 5), ("SPARED", 5), ("spared-not", 5), ("", 5)])
def test_a_rule_is_skipped_only_where_its_policy_lets_clients_skip_it(running: Server, asked: str, top_k: int) -> None:
    body = {**BODY, "top_k": 9}
    running.post(PATH, json.dumps(body).encode(), f"x-prompt-policy-skip: {asked}")
    assert [(read["temperature"], read["top_k"]) for read in running.read] == [(0.5, top_k)]


def test_in_an_http_client_nothing_else_is_skipped_either(running: Server) -> None:
    with policy_http_client(POLICIES, http.Client()) as client:
        skip = {"x-prompt-policy-skip": "cool"}
        client.post(f"{running.root}{PATH}", json=BODY, headers=skip).raise_for_status()
    assert running.read[-1]["temperature"] == 0.5

"""The ASGI host: around apps called directly, and served over loopback to the real openai SDK."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from prompt_policy import PolicySet
from prompt_policy.asgi import App, Message, PolicyMiddleware, Receive, Scope, Send
from prompt_policy.proxy.echo.server import create_app
from prompt_policy.runtime.offload import MAX_IN_LOOP_BYTES
from tests.support.fake_asgi_app import FakeAsgiApp, Response, call_app
from tests.support.policies import chat, policy_of, policy_that_notes_threads

MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}
REJECT = {"kind": "reject", "message": "no tools", "when": {"has_tools": True}}
POLICY = policy_of(CLAMP, TIDY, REJECT)
PATH = "/v1/chat/completions"
JSON = (b"content-type", b"application/json")
SSE = (b"content-type", b"text/event-stream")


async def call(
    app: App, body: Any, *, path: str = PATH, method: str = "POST", headers: Any = (), cut: int = 10_000
) -> Response:
    """Call an app with a body that is cut into pieces, and a content-length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    pieces = [data[i : i + cut] for i in range(0, len(data), cut)] or [b""]
    listed = [(b"content-length", str(len(data)).encode()), *headers]
    return await call_app(app, pieces, path=path, method=method, headers=listed)


def asked(**keys: Any) -> dict[str, Any]:
    return chat("Hi", model="m", **keys)


def answer(content: str) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}).encode()


def event(content: str) -> bytes:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': content}}]})}\n\n".encode()


@pytest.mark.parametrize("cut", [10_000, 3])
async def test_a_request_is_changed_and_its_length_with_it(cut: int) -> None:
    app = FakeAsgiApp([b"{}"], JSON)

    sent = await call(PolicyMiddleware(app, POLICY), asked(temperature=1.25), cut=cut)

    assert json.loads(app.body) == asked(temperature=0.7)
    assert dict(app.scope["headers"])[b"content-length"] == str(len(app.body)).encode()
    assert sent.headers["x-prompt-policy-changed"] == "temperature=1.25>0.7"
    assert app.after == {"type": "http.disconnect"}


@pytest.mark.parametrize("pieces", [1, 2, 7])
async def test_a_whole_answer_is_rewritten_and_its_length_with_it(pieces: int) -> None:
    data = answer("\n\nHello\n")
    size = -(-len(data) // pieces)
    app = FakeAsgiApp(
        [data[i : i + size] for i in range(0, len(data), size)], JSON, (b"Content-Length", str(len(data)).encode())
    )

    sent = await call(PolicyMiddleware(app, POLICY), asked())

    assert sent.json["choices"][0]["message"]["content"] == "Hello"
    assert [v for k, v in sent.messages[0]["headers"] if k.lower() == b"content-length"] == [b"%d" % len(sent.body)]


async def test_an_answer_is_read_whatever_the_case_of_its_headers() -> None:
    app = FakeAsgiApp([answer("\n\nHello\n")], (b"Content-Type", b"application/json"))

    sent = await call(PolicyMiddleware(app, POLICY), asked())

    assert sent.json["choices"][0]["message"]["content"] == "Hello"


async def test_a_stream_goes_out_event_by_event_as_it_comes() -> None:
    app = FakeAsgiApp([event("\n"), event("\nHel"), event("lo"), event("\n"), b"data: [DONE]\n\n"], SSE)

    sent = await call(PolicyMiddleware(app, POLICY), asked(stream=True))

    bodies = [message.get("body", b"") for message in sent.messages[1:]]
    assert [json.loads(body[6:])["choices"][0]["delta"]["content"] for body in bodies[:2]] == ["Hel", "lo"]
    assert bodies[2:] == [b"data: [DONE]\n\n", b""]
    assert bodies[1] == event("lo")


async def test_buffered_text_is_emitted_before_the_app_fails_in_a_stream() -> None:
    sent: list[Message] = []

    async def failing(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        await send({"type": "http.response.body", "body": event("\nHello\n\n\n"), "more_body": True})
        raise ConnectionResetError("by peer")

    async def keep(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(asked()).encode()}

    policed = PolicyMiddleware(failing, policy_of({**TIDY, "trailing": "keep"}))
    with pytest.raises(ConnectionResetError):
        await policed({"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, keep)

    lines = b"".join(message["body"] for message in sent[1:]).decode().splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert "".join(each["choices"][0]["delta"]["content"] for each in events) == "Hello\n\n"
    assert sent[-1]["more_body"], "the server must see that the answer is not whole"


async def test_an_error_of_the_app_passes_with_the_policys_headers() -> None:
    sent = await call(PolicyMiddleware(FakeAsgiApp([b"\n\nbad\n"], JSON, status=400), POLICY), asked())

    assert (sent.status, sent.body) == (400, b"\n\nbad\n")
    assert sent.headers["x-prompt-policy"].startswith("test@")


async def test_a_refusal_does_not_reach_the_app() -> None:
    app = FakeAsgiApp([b"{}"], JSON)

    sent = await call(PolicyMiddleware(app, POLICY), asked(tools=[{"type": "function"}]))

    assert (sent.status, sent.json["error"]["message"], app.scope) == (400, "no tools", {})
    assert sent.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", "/tokenize"), ("POST", "/v1/threads/t/messages"), ("OPTIONS", PATH)]
)
async def test_everything_else_passes_as_it_is(method: str, path: str) -> None:
    app = FakeAsgiApp([b"\n\n{}"], JSON)

    sent = await call(PolicyMiddleware(app, POLICY), asked(temperature=1.3), method=method, path=path)

    assert json.loads(app.body) == asked(temperature=1.3)
    assert (sent.body, "x-prompt-policy" in sent.headers) == (b"\n\n{}", False)


async def test_the_app_is_asked_not_to_compress_what_will_be_read() -> None:
    app = FakeAsgiApp([answer("\nHello")], JSON)

    await call(PolicyMiddleware(app, POLICY), asked(), headers=[(b"accept-encoding", b"gzip")])
    assert b"accept-encoding" not in dict(app.scope["headers"])

    await call(PolicyMiddleware(app, policy_of(CLAMP)), asked(), headers=[(b"accept-encoding", b"gzip")])
    assert dict(app.scope["headers"])[b"accept-encoding"] == b"gzip"


@pytest.mark.parametrize(("on_error", "status"), [("closed", 500), ("open", 200)])
async def test_a_compressed_answer_is_not_passed_in_silence(on_error: str, status: int) -> None:
    data = gzip.compress(answer("\nHello"))
    app = FakeAsgiApp([data], JSON, (b"content-encoding", b"gzip"))

    sent = await call(PolicyMiddleware(app, policy_of(TIDY, on_error=on_error)), asked())

    assert sent.status == status
    assert (sent.body == data) is (status == 200)


async def test_incomplete_request_does_not_reach_the_app() -> None:
    app = FakeAsgiApp([b"{}"], JSON)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await PolicyMiddleware(app, POLICY)({"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, send)
    assert app.scope == {}


async def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_POLICY_NAME", "deepseek-r1-distill")
    monkeypatch.setenv("PROMPT_POLICY_REASONING_PARSER", "1")
    app = FakeAsgiApp([answer("\n\nHello")], JSON)

    sent = await call(PolicyMiddleware(app), asked())

    assert json.loads(app.body)["messages"][-1] == {"role": "assistant", "content": "<think>\n"}
    assert sent.json["choices"][0]["message"]["content"] == "Hello"  # with a parser the opening is not put back


@pytest.mark.parametrize(("profiles", "temperature"), [(None, 0.7), ((), 1.25), (("evaluation",), 0.7)])
async def test_profiles_come_from_the_argument_or_the_environment(
    profiles: tuple[str, ...] | None, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_POLICY_PROFILES", "evaluation")
    app = FakeAsgiApp([b"{}"], JSON)
    policy = policy_of({**CLAMP, "profile": "evaluation"})

    await call(PolicyMiddleware(app, policy, profiles=profiles), asked(temperature=1.25))

    assert json.loads(app.body)["temperature"] == temperature


@pytest.mark.parametrize(
    ("agent", "keys", "temperature"),
    [(b"codex/1", {}, 0.7), (b"curl/8", {}, 1.25), (b"codex/1", {"think": True}, 1.25)],
)
async def test_policies_see_headers_the_engine_and_the_default_of_thinking(
    agent: bytes, keys: dict[str, Any], temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_POLICY_THINKING", "off")
    when = {"headers": {"User-Agent": {"contains": "codex"}}, "provider": "vllm", "thinking": "off"}
    app = FakeAsgiApp([b"{}"], JSON)

    await call(
        PolicyMiddleware(app, policy_of({**CLAMP, "when": when})),
        asked(temperature=1.25, **keys),
        headers=[(b"user-agent", agent)],
    )

    assert json.loads(app.body)["temperature"] == temperature


LONG = {"kind": "clamp", "parameters": {"max_tokens": {"default": 4096}}}


@pytest.mark.parametrize(
    ("argument", "variable", "engine", "is_set"),
    [
        (None, "", None, True),
        (None, "4096", None, False),
        (None, "", 4096, False),
        (None, "", 4097, True),
        (4097, "4096", 4096, True),
        (None, "4097", 4096, True),
    ],
)
async def test_no_limit_is_set_that_the_context_cannot_hold(
    argument: int | None, variable: str, engine: int | None, is_set: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_POLICY_MAX_MODEL_LEN", variable)
    app = FakeAsgiApp([b"{}"], JSON)
    middleware = PolicyMiddleware(app, policy_of(LONG), max_model_len=argument)

    async def vllm(scope: Any, receive: Any, send: Any) -> None:
        state = SimpleNamespace(vllm_config=SimpleNamespace(model_config=SimpleNamespace(max_model_len=engine)))
        await middleware({**scope, "app": SimpleNamespace(state=state)}, receive, send)

    await call(vllm, asked())

    assert ("max_tokens" in json.loads(app.body)) is is_set


async def test_an_invalid_context_length_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_POLICY_MAX_MODEL_LEN", "4k")
    [failed] = await _lifespan(PolicyMiddleware(create_app(), POLICY))
    assert failed["type"] == "lifespan.startup.failed"
    assert "PROMPT_POLICY_MAX_MODEL_LEN: expected a number of tokens, got '4k'" in failed["message"]


async def _lifespan(app: App) -> list[Message]:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup" if not messages else "lifespan.shutdown"}

    async def send(message: Message) -> None:
        messages.append(message)

    await app({"type": "lifespan"}, receive, send)
    return messages


async def test_the_start_is_logged_and_handed_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        messages = await _lifespan(PolicyMiddleware(create_app(), POLICY))

    assert messages[0]["type"] == "lifespan.startup.complete"
    assert caplog.records[0].getMessage() == f"in-process policies: policy test@{POLICY.hash} for every request"


async def test_invalid_policies_fail_the_startup_with_every_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: a\nrulez: []\nmodee: off\n")

    (message,) = await _lifespan(PolicyMiddleware(create_app(), tmp_path))

    assert message["type"] == "lifespan.startup.failed"
    assert "a.yaml:3:1: rulez" in message["message"]
    assert "a.yaml:4:1: modee" in message["message"]


async def test_no_request_is_served_if_policies_did_not_load() -> None:
    app = FakeAsgiApp([b"{}"], JSON)

    sent = await call(PolicyMiddleware(app, "no-such-policy"), asked())

    assert (sent.status, app.scope) == (500, {})


SERVED = """
import sys, uvicorn
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.proxy.echo.server import create_app
from prompt_policy.runtime.offload import MAX_IN_LOOP_BYTES
app = create_app()
app.add_middleware(PolicyMiddleware, policy=sys.argv[1])
uvicorn.run(app, port=0)
"""


def test_a_server_does_not_start_with_a_broken_policy(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SERVED, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )

    assert told.returncode == 3
    assert "contains no policy files" in told.stderr
    assert "Traceback" not in told.stderr


# Over loopback, with the real openai SDK.


@pytest.fixture(params=["bare", "starlette"])
def client(request: pytest.FixtureRequest, serve_app: Callable[[Any], str]) -> openai.OpenAI:
    app: Any = create_app()
    if request.param == "bare":
        app = PolicyMiddleware(app)
    else:
        app.add_middleware(PolicyMiddleware)
    return openai.OpenAI(base_url=f"{serve_app(app)}/v1", api_key="none", max_retries=0)


FENCED = re.compile("```json.*?```", re.DOTALL)
EQUATION = "Solve x^2 - 5x + 6 = 0."
MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": EQUATION}]


def received(content: str) -> Any:
    return json.loads(content.split("```json\n")[1].split("\n```", maxsplit=1)[0])


def test_streamed_and_whole_answers_are_the_same_clean_text(client: openai.OpenAI) -> None:
    with client:
        whole = client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature=1.3).choices[0]
        stream = client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature=1.3, stream=True)
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    assert whole.message.content is not None
    assert whole.message.content.startswith("<think>\n")
    assert whole.message.content.endswith("End of echo.")
    assert received(streamed) == {**received(whole.message.content), "stream": True}
    assert FENCED.sub("", streamed) == FENCED.sub("", whole.message.content)
    body = received(whole.message.content)
    assert body["temperature"] == 0.6
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert body["messages"][0]["content"].startswith(f"Be brief.\n\n{EQUATION}")


def test_text_completions_are_clamped(client: openai.OpenAI) -> None:
    with client:
        text = client.completions.create(model=MODEL, prompt=EQUATION, temperature=1.3).choices[0].text

    assert received(text)["temperature"] == 0.6


def test_a_refusal_is_the_sdks_bad_request(client: openai.OpenAI) -> None:
    with client, pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature="hot")  # type: ignore[call-overload]

    assert (error.value.code, error.value.param) == ("policy_violation", "temperature")


async def test_a_client_that_leaves_ends_the_stream_of_the_app(serve_app: Callable[[Any], str]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
        leaving = asyncio.ensure_future(receive())
        while not leaving.done():
            await send({"type": "http.response.body", "body": event("Hello"), "more_body": True})
            await asyncio.sleep(0.01)
        loop.call_soon_threadsafe(ended.set)

    root = serve_app(PolicyMiddleware(endless, POLICY))
    async with openai.AsyncOpenAI(base_url=f"{root}/v1", api_key="none") as client:
        stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        async for _ in stream:
            break
        await stream.close()

    await asyncio.wait_for(ended.wait(), 10)


async def test_policy_applies_to_a_route_with_a_trailing_newline() -> None:
    app = FakeAsgiApp([b"{}"], JSON)
    await call(PolicyMiddleware(app, POLICY), asked(temperature=1.25), path=f"{PATH}\n")
    assert json.loads(app.body)["temperature"] == 0.7


async def test_compressed_request_is_rejected_however_it_is_declared() -> None:
    app = FakeAsgiApp([b"{}"], JSON)
    encodings = [(b"content-encoding", b"gzip"), (b"content-encoding", b"identity")]
    sent = await call(PolicyMiddleware(app, POLICY), gzip.compress(b"{}"), headers=encodings)
    assert (sent.status, app.body) == (415, b"")


async def test_request_without_model_is_rejected_if_the_policy_needs_one() -> None:
    """vLLM would take it for its own model."""
    app = FakeAsgiApp([b"{}"], JSON)
    chosen = PolicySet([policy_of(CLAMP, applies_to={"models": ["m"]})])
    sent = await call(PolicyMiddleware(app, chosen), {"messages": [], "temperature": 1.25})
    assert (sent.status, sent.json["error"]["param"], app.body) == (400, "model", b"")

    await call(PolicyMiddleware(app, chosen, name="test"), {"messages": [], "temperature": 1.25})
    assert json.loads(app.body)["temperature"] == 0.7


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the rule is of no shipped kind
@pytest.mark.parametrize("length", [1, MAX_IN_LOOP_BYTES])
async def test_long_requests_and_answers_are_read_in_another_thread(length: int) -> None:
    noted: list[threading.Thread] = []
    middleware = PolicyMiddleware(FakeAsgiApp([answer("a" * length)], JSON), policy_that_notes_threads(noted))

    sent = await call(middleware, chat("a" * length), cut=2 * MAX_IN_LOOP_BYTES)

    assert sent.body == answer("a" * length)
    assert [thread is threading.current_thread() for thread in noted] == [length == 1] * 2


async def answer_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for an app of a module, which is pickled by its name."""
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_pickled_middleware_enforces_the_same_policy() -> None:
    middleware = pickle.loads(pickle.dumps(PolicyMiddleware(answer_nothing, PolicySet([POLICY]), name="test")))
    allowed, rejected = (asyncio.run(call(middleware, body)) for body in (asked(), asked(tools=[{}])))
    assert (allowed.status, rejected.status) == (204, 400)


def test_a_pickled_middleware_reads_the_environment_where_it_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(PolicyMiddleware(answer_nothing))
    (tmp_path / "no.yaml").write_text("version: 1\nname: no\nrules: [{name: no, kind: reject, message: no}]\n")
    monkeypatch.setenv("PROMPT_POLICY_PATH", str(tmp_path))
    monkeypatch.setenv("PROMPT_POLICY_NAME", "no")
    assert asyncio.run(call(pickle.loads(pickled), asked())).status == 400

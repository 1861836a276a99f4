"""The OpenAI host: the real SDK, of whichever major is installed, against servers on loopback."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from prompt_policy import LoadError, UsageError
from prompt_policy.openai import install, wrap
from tests.support.fake_answers import JSON, SSE, STREAM, encode_answer, encode_chunk
from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL, policy_of
from tests.support.sdk_clients import iterate, resolve

Serve = Callable[[Any], str]
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}
REJECT = {"kind": "reject", "message": "no tools", "when": {"has_tools": True}}
POLICY = policy_of(CLAMP, TIDY, REJECT)
HI: list[Any] = [{"role": "user", "content": "Hi"}]
EMBEDDINGS = b'{"data": [{"index": 0, "object": "embedding", "embedding": [0.5]}], "object": "list", "model": "m"}'
FENCED = re.compile("```json.*?```", re.DOTALL)


@pytest.fixture(params=[openai.OpenAI, openai.AsyncOpenAI], ids=["sync", "async"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Any]]:
    """Give a function that makes a client of one kind for a server, closed with the test."""
    made: list[Any] = []

    def client(root: str, **options: Any) -> Any:
        made.append(request.param(base_url=f"{root}/v1", api_key="none", **{"max_retries": 0, **options}))
        return made[-1]

    yield client
    for one in made:
        await resolve(one.close())


async def read(stream: Any) -> str:
    return "".join([item.choices[0].delta.content or "" async for item in iterate(stream) if item.choices])


async def test_the_class_is_kept_and_the_original_stays_as_it_was(make: Any, serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [encode_answer("\nHello")]))
    client = make(serve_app(server))
    client.chat  # noqa: B018 - a resource that was made already
    policed = wrap(client, POLICY)

    assert type(policed) is type(client)
    for one, temperature, content in ((client, 1.3, "\nHello"), (policed, 0.7, "Hello")):
        answer = await resolve(one.chat.completions.create(model="m", messages=HI, temperature=1.3))
        assert (server.bodies[-1]["temperature"], answer.choices[0].message.content) == (temperature, content)


@pytest.mark.parametrize(("profiles", "temperature"), [(None, 1.3), (("evaluation",), 0.7)])
async def test_profiles_are_activated_for_one_client(
    make: Any, serve_app: Serve, profiles: tuple[str, ...] | None, temperature: float
) -> None:
    server = FakeBackend((200, JSON, [encode_answer("Hello")]))
    rule = {"kind": "clamp", "profile": "evaluation", "parameters": {"temperature": {"max": 0.7}}}
    client = wrap(make(serve_app(server)), policy_of(rule), profiles=profiles)
    await resolve(client.chat.completions.create(model="m", messages=HI, temperature=1.3))
    assert server.bodies[-1]["temperature"] == temperature


@pytest.mark.parametrize("enforce", [wrap, install])
async def test_a_prefill_is_sent_only_to_a_backend_that_continues_it(
    make: Any, serve_app: Serve, enforce: Callable[..., Any]
) -> None:
    policy = policy_of({"kind": "force_opening", "text": "<think>\n", "method": "prefill"})
    for backend, roles in (("vllm", ["user", "assistant"]), ("llama_cpp", ["user"])):
        server = FakeBackend((200, JSON, [encode_answer("Hello")]))
        client = enforce(make(serve_app(server)), policy, backend=backend)
        await resolve(client.chat.completions.create(model="m", messages=HI))
        assert [message["role"] for message in server.bodies[0]["messages"]] == roles


def test_an_unknown_backend_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="^backend: unknown backend 'lama_cpp' .did you mean 'llama_cpp'"):
        wrap(openai.OpenAI(api_key="none"), POLICY, backend="lama_cpp")


async def test_install_changes_the_client_itself(make: Any, serve_app: Serve) -> None:
    client = make(serve_app(FakeBackend((200, JSON, [encode_answer("\nHello")]))))

    assert install(client, POLICY) is client
    answer = await resolve(client.chat.completions.create(model="m", messages=HI))

    assert answer.choices[0].message.content == "Hello"


async def test_a_stream_is_cleaned_as_it_comes(make: Any, serve_app: Serve) -> None:
    client = wrap(make(serve_app(FakeBackend((200, SSE, STREAM)))), POLICY)

    stream = await resolve(client.chat.completions.create(model="m", messages=HI, stream=True))

    assert await read(stream) == "Hello\n\nworld"
    assert isinstance(stream, openai.Stream | openai.AsyncStream)


async def test_the_streaming_helper_sees_the_same(make: Any, serve_app: Serve) -> None:
    client = wrap(make(serve_app(FakeBackend((200, SSE, STREAM)))), POLICY)
    manager = client.chat.completions.stream(model="m", messages=HI)

    if isinstance(client, openai.AsyncOpenAI):
        async with manager as stream:
            final = await stream.get_final_completion()
    else:
        with manager as stream:
            final = stream.get_final_completion()

    assert final.choices[0].message.content == "Hello\n\nworld"


async def test_a_refusal_is_a_bad_request_at_once(make: Any, serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [encode_answer("x")]))
    client = wrap(make(serve_app(server), max_retries=5), POLICY)

    with pytest.raises(openai.BadRequestError, match="no tools") as error:
        await resolve(client.chat.completions.create(model="m", messages=HI, tools=[{"type": "function"}]))

    assert (error.value.code, server.bodies) == ("policy_violation", [])


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_compressed_answers(make: Any, serve_app: Serve, encoding: str) -> None:
    data = gzip.compress(encode_answer("\nHello"))
    server = FakeBackend((200, {**JSON, "content-encoding": encoding}, [data[:9], data[9:]]))
    client = wrap(make(serve_app(server)), POLICY)
    asked = client.chat.completions.create

    if encoding == "gzip":
        assert (await resolve(asked(model="m", messages=HI))).choices[0].message.content == "Hello"
    else:
        with pytest.raises(openai.InternalServerError):
            await resolve(asked(model="m", messages=HI))
    assert server.headers[0]["accept-encoding"] == "identity"


async def test_policy_applies_to_every_retry(make: Any, serve_app: Serve) -> None:
    busy = (503, {**JSON, "retry-after-ms": "1"}, [b"{}"])
    server = FakeBackend(busy, busy, (200, JSON, [encode_answer("\nHello")]))
    client = wrap(make(serve_app(server), max_retries=3), POLICY)

    answer = await resolve(client.chat.completions.create(model="m", messages=HI, temperature=1.3))

    assert answer.choices[0].message.content == "Hello"
    assert [body["temperature"] for body in server.bodies] == [0.7, 0.7, 0.7]


async def test_raw_and_streaming_responses_carry_the_policys_headers(make: Any, serve_app: Serve) -> None:
    client = wrap(make(serve_app(FakeBackend((200, JSON, [encode_answer("\nHello")])))), POLICY)

    raw = await resolve(client.chat.completions.with_raw_response.create(model="m", messages=HI))
    assert raw.headers["x-prompt-policy"] == f"test@{POLICY.hash}"
    assert (await resolve(raw.parse())).choices[0].message.content == "Hello"
    assert raw.elapsed.total_seconds() > 0

    manager = client.chat.completions.with_streaming_response.create(model="m", messages=HI)
    if isinstance(client, openai.AsyncOpenAI):
        async with manager as response:
            text = await response.text()
    else:
        with manager as response:
            text = response.text()
    assert json.loads(text)["choices"][0]["message"]["content"] == "Hello"


async def test_policy_applies_to_copied_clients_and_plain_posts(make: Any, serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [encode_answer("\nHello")]))
    client = wrap(make(serve_app(server)), POLICY).with_options(timeout=30)

    answer = await resolve(client.chat.completions.create(model="m", messages=HI))
    posted = await resolve(client.post("/chat/completions", body={"temperature": 1.3, "messages": HI}, cast_to=object))

    assert answer.choices[0].message.content == posted["choices"][0]["message"]["content"] == "Hello"
    assert server.bodies[-1]["temperature"] == 0.7


async def test_parsed_answers(make: Any, serve_app: Serve) -> None:
    class Name(BaseModel):
        name: str

    client = wrap(make(serve_app(FakeBackend((200, JSON, [encode_answer('{"name": "a"}\n')])))), POLICY)

    answer = await resolve(client.chat.completions.parse(model="m", messages=HI, response_format=Name))

    assert answer.choices[0].message.parsed == Name(name="a")


async def test_text_completions_are_clamped(make: Any, serve: Callable[..., str]) -> None:
    client = wrap(make(serve()), POLICY)

    answer = await resolve(client.completions.create(model="m", prompt="Hi", temperature=1.3))

    assert '"temperature": 0.7' in answer.choices[0].text


RESPONSE = {
    "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "parallel_tool_calls": True,
    "tool_choice": "auto", "tools": [],
}  # fmt: skip


def item(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [part]}


def response_events() -> list[bytes]:
    """Return a streamed answer of Responses, its text said in all five places."""
    pieces, at = ["\n", "\nHello", "\n"], {"item_id": "i", "output_index": 0, "content_index": 0}
    whole = item("".join(pieces))
    empty = {"type": "output_text", "text": "", "annotations": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**whole, "content": []}},
        {"type": "response.content_part.added", **at, "part": empty},
        *({"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []} for piece in pieces),
        {"type": "response.output_text.done", **at, "text": "".join(pieces), "logprobs": []},
        {"type": "response.content_part.done", **at, "part": whole["content"][0]},
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": "response.completed", "response": {**RESPONSE, "output": [whole]}},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in numbered]


async def test_policy_applies_to_whole_and_streamed_responses(make: Any, serve_app: Serve) -> None:
    answer = json.dumps({**RESPONSE, "output": [item("\n\nHello\n")]}).encode()
    server = FakeBackend((200, JSON, [answer]), (200, SSE, response_events()))
    client = wrap(make(serve_app(server)), POLICY)
    asked: dict[str, Any] = {"model": "m", "input": "Hi", "temperature": 1.3}

    whole_ = await resolve(client.responses.create(**asked))
    stream = await resolve(client.responses.create(**asked, stream=True))
    events = [event async for event in iterate(stream)]

    assert whole_.output_text == "Hello"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Hello"
    assert events[-1].response.output_text == "Hello"
    assert [body["temperature"] for body in server.bodies] == [0.7, 0.7]


async def test_the_responses_helper_sees_the_same(make: Any, serve_app: Serve) -> None:
    client = wrap(make(serve_app(FakeBackend((200, SSE, response_events())))), POLICY)
    manager = client.responses.stream(model="m", input="Hi")

    if isinstance(client, openai.AsyncOpenAI):
        async with manager as stream:
            final = await stream.get_final_response()
    else:
        with manager as stream:
            final = stream.get_final_response()

    assert final.output_text == "Hello"


async def test_the_shipped_policy_makes_whole_and_streamed_the_same(make: Any, serve: Callable[..., str]) -> None:
    client = wrap(make(serve()))
    asked: dict[str, Any] = {"model": MODEL, "messages": [{"role": "system", "content": "Be brief."}, *HI]}

    answer = await resolve(client.chat.completions.create(**asked))
    stream = await resolve(client.chat.completions.create(**asked, stream=True))

    content = answer.choices[0].message.content
    assert content.startswith("<think>\n")
    assert FENCED.sub("", await read(stream)) == FENCED.sub("", content)
    assert '"role": "system"' not in content


async def test_wrapped_twice_changes_nothing_twice(make: Any, serve: Callable[..., str]) -> None:
    client = make(serve())
    asked: dict[str, Any] = {"model": MODEL, "messages": HI}

    once = await resolve(wrap(client).chat.completions.create(**asked))
    twice = await resolve(wrap(wrap(client)).chat.completions.create(**asked))

    assert twice.choices[0].message.content == once.choices[0].message.content


async def test_leaving_a_stream_reaches_the_server(make: Any, serve_app: Serve) -> None:
    server = FakeBackend((200, SSE, [encode_chunk("Hello")] * 2000), pause_s=0.005)
    client = wrap(make(serve_app(server)), POLICY)

    stream = await resolve(client.chat.completions.create(model="m", messages=HI, stream=True))
    async for _ in iterate(stream):
        break
    await resolve(stream.close())
    await resolve(client.close())

    for _ in range(500):
        if server.client_left.is_set():
            break
        await asyncio.sleep(0.02)
    assert server.client_left.is_set()


async def test_a_stream_that_nobody_holds_any_more_is_let_go(make: Any, serve_app: Serve) -> None:
    server = FakeBackend((200, SSE, [encode_chunk("Hello")] * 2000), pause_s=0.005)
    client = wrap(make(serve_app(server)), POLICY)

    async def begin() -> None:
        stream = await resolve(client.chat.completions.create(model="m", messages=HI, stream=True))
        async for _ in iterate(stream):
            break

    await begin()
    gc.collect()
    await resolve(client.close())

    for _ in range(500):
        if server.client_left.is_set():
            break
        await asyncio.sleep(0.02)
    assert server.client_left.is_set()


async def test_a_cancelled_task_lets_its_stream_go(serve_app: Serve) -> None:
    server = FakeBackend((200, SSE, [encode_chunk("Hello")] * 2000), pause_s=0.005)
    async with openai.AsyncOpenAI(base_url=f"{serve_app(server)}/v1", api_key="none") as plain:
        client = wrap(plain, POLICY)
        begun = asyncio.Event()

        async def consume() -> None:
            async with await client.chat.completions.create(model="m", messages=HI, stream=True) as stream:
                async for _ in stream:
                    begun.set()

        task = asyncio.create_task(consume())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        for _ in range(500):
            if server.client_left.is_set():
                break
            await asyncio.sleep(0.02)
    assert server.client_left.is_set()


async def test_an_error_in_mid_stream_is_the_sdks(make: Any, serve_app: Serve) -> None:
    pieces = [encode_chunk("Hello"), b'data: {"error": {"message": "gone"}}\n\n']
    client = wrap(make(serve_app(FakeBackend((200, SSE, pieces)))), POLICY)

    stream = await resolve(client.chat.completions.create(model="m", messages=HI, stream=True))

    with pytest.raises(openai.APIError, match="gone"):
        await read(stream)


async def test_what_no_policy_is_for_passes_as_it_is(make: Any, serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [EMBEDDINGS]))
    client = wrap(make(serve_app(server)), POLICY)

    await resolve(client.embeddings.create(model="m", input="x"))

    assert "x-prompt-policy" not in server.headers[0]


async def test_websockets_are_rejected_because_no_policy_applies(make: Any, serve: Callable[..., str]) -> None:
    client = wrap(make(serve()), POLICY)

    with pytest.raises(UsageError, match="websocket"):
        client.realtime.connect(model="m")
    if hasattr(type(client.responses), "connect"):  # since openai 2.30 or so
        with pytest.raises(UsageError, match=r"responses\.connect uses a websocket"):
            client.responses.connect()


async def test_a_client_with_an_initialiser_of_its_own(serve_app: Serve) -> None:
    class Own(openai.OpenAI):
        def __init__(self, root: str) -> None:
            super().__init__(base_url=f"{root}/v1", api_key="none")
            self.mine = 3

    with Own(serve_app(FakeBackend((200, JSON, [encode_answer("\nHello")])))) as client:
        policed = wrap(client, POLICY)
        content = policed.chat.completions.create(model="m", messages=HI).choices[0].message.content

    assert (policed.mine, content) == (3, "Hello")


async def test_azures_path_is_known(serve_app: Serve) -> None:
    server = FakeBackend((200, JSON, [encode_answer("\nHello")]))
    client = openai.AzureOpenAI(azure_endpoint=serve_app(server), api_key="none", api_version="2024-10-21")

    with wrap(client, POLICY) as policed:
        answer = policed.chat.completions.create(model="m", messages=HI, temperature=1.3)

    assert isinstance(policed, openai.AzureOpenAI)
    assert (answer.choices[0].message.content, server.bodies[0]["temperature"]) == ("Hello", 0.7)


def test_invalid_arguments_are_reported_at_once(tmp_path: Path) -> None:
    with openai.OpenAI(api_key="none") as client:
        with pytest.raises(LoadError, match="no such file"):
            wrap(client, tmp_path / "none.yaml")
        with pytest.raises(UsageError, match="is not an OpenAI client"):
            wrap(object(), POLICY)


def test_a_traced_client_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with openai.OpenAI(api_key="none") as client:
        vars(client.chat.completions)["create"] = client.chat.completions.create  # as tracing libraries do
        wrap(client, POLICY)

    assert "use install() instead of wrap()" in caplog.text

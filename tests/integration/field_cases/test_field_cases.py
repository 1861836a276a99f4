"""Reported failures do not return, whatever host the policy runs in."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import httpx
import openai
import pytest

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.openai import wrap
from tests.integration.field_cases.case import POLICIES, FieldCase
from tests.integration.field_cases.forms import ALL, THROUGH_LITELLM, THROUGH_THE_SDK
from tests.integration.field_cases.reading import Reading, read_answer, read_stream
from tests.support.fake_asgi_app import FakeAsgiApp, call_app
from tests.support.fake_replay import FakeReplay
from tests.support.litellm_proxy import KEY, Proxy
from tests.support.responses import PATHS


def parametrize_cases(cases: list[FieldCase]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: f"{case.name}, {case.form}")


def check_sent(case: FieldCase, body: dict[str, Any]) -> None:
    """Check the messages and parameters that the server receives."""
    assert {name: body.get(name) for name in case.sends} == case.sends
    messages = body["messages"]
    if case.sends_roles is not None:
        assert [message["role"] for message in messages] == case.sends_roles
    if case.sends_reasoning is not None:
        assert [text for message in messages if (text := message.get("reasoning_content"))] == case.sends_reasoning


def read_body(case: FieldCase, body: str) -> list[Reading]:
    if case.is_whole:
        return [read_answer(json.loads(body))]
    events = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    return read_stream(map(json.loads, events[:-1]), len(case.expect("")))


@parametrize_cases(ALL)
async def test_client_of_the_middleware_reads_the_right_answer(case: FieldCase) -> None:
    media_type = b"application/json" if case.is_whole else b"text/event-stream"
    app = FakeAsgiApp(case.build_answer(), (b"content-type", media_type))
    body = json.dumps(case.build_request()).encode()
    headers = [(b"content-length", str(len(body)).encode())]

    middleware = PolicyMiddleware(app, POLICIES, name=case.policy, max_model_len=case.max_model_len)
    answer = await call_app(middleware, [body], path=PATHS["chat"], headers=headers)

    assert read_body(case, answer.body.decode()) == case.expect("asgi")
    check_sent(case, json.loads(app.body))


@parametrize_cases(THROUGH_THE_SDK)
def test_wrapped_client_reads_the_right_answer(case: FieldCase, server: FakeReplay, client: openai.OpenAI) -> None:
    body = case.build_request()
    known = {key: body.pop(key) for key in ("model", "messages", "stream")}
    options: dict[str, Any] = {"name": case.policy, "max_model_len": case.max_model_len}
    wrapped = wrap(client.with_options(base_url=f"{server.url}/{case.key}/v1"), POLICIES, **options)

    answer = wrapped.chat.completions.create(**known, extra_body=body)

    if case.is_whole:
        assert [read_answer(dump(answer))] == case.expect("openai")
    else:
        assert read_stream(map(dump, answer), len(case.expect(""))) == case.expect("openai")
    check_sent(case, server.bodies_by_root[case.key])


def test_streaming_helper_of_a_wrapped_client_ends_with_the_usage(server: FakeReplay, client: openai.OpenAI) -> None:
    """The SDK's helper keeps the usage of the last chunk, and ends a text with the chunk that has the finish."""
    [case] = [case for case in ALL if case.name == "BerriAI/litellm#26501" and case.form == "as sent"]
    wrapped = wrap(client.with_options(base_url=f"{server.url}/{case.key}/v1"), POLICIES)

    options: Any = {"include_usage": True}
    with wrapped.chat.completions.stream(model=case.model, messages=case.messages, stream_options=options) as stream:
        ends = [event.content for event in stream if event.type == "content.done"]
        final = stream.get_final_completion()

    assert ends == ["Answer"]
    assert final.usage is not None
    assert final.usage.total_tokens == 3
    assert final.choices[0].message.content == "Answer"


def dump(value: Any) -> dict[str, Any]:
    """Return what a client reads from an object of the SDK."""
    dumped: dict[str, Any] = value.model_dump(mode="json", warnings=False)
    return dumped


LOSES_REFUSALS = version("litellm").startswith("1.98.")
"""The oldest supported LiteLLM drops the refusal of a whole answer, with and without a policy."""


@parametrize_cases(THROUGH_LITELLM)
def test_client_of_the_litellm_proxy_reads_the_right_answer(case: FieldCase, server: FakeReplay, proxy: Proxy) -> None:
    body = {**case.build_request(), "model": case.key}

    answer = httpx.post(
        f"{proxy.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"}, timeout=60
    )

    assert answer.status_code == 200, answer.text
    readings, expected = read_body(case, answer.text), case.expect("litellm")
    ignored = {"refusal"} if LOSES_REFUSALS and case.is_whole else set()
    if case.is_whole and not any(kind == "usage" for kind, _value in expected[0].events):
        ignored.add("usage")
    assert [simplify(reading, ignored) for reading in readings] == [simplify(each, ignored) for each in expected]
    check_sent(case, server.bodies_by_root[case.key])


def simplify(reading: Reading, ignored: set[str]) -> Reading:
    """Return what a client reads, without the events to ignore and without the counts, which LiteLLM may replace."""
    events = [(kind, None if kind == "usage" else value) for kind, value in reading.events if kind not in ignored]
    return Reading(events, reading.extras)

"""Responses and Anthropic's Messages through a real LiteLLM proxy."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from tests.integration.litellm_proxy.client import BOXED, CLEANED, FOLDED, QUESTION, post
from tests.integration.litellm_proxy.deployments import PLAIN
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.marks import WHOLE_AND_STREAMED

SYSTEM, USER = QUESTION[0]["content"], QUESTION[1]["content"]


def read_events(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: {")]


@WHOLE_AND_STREAMED
def test_policy_applies_to_responses(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, "responses", model="r1", instructions=SYSTEM, input=USER, temperature=1.3, stream=stream)

    (body,) = backend.bodies
    assert "instructions" not in body or not body["instructions"]
    assert body["input"][0]["content"] == FOLDED[0]["content"]
    assert body["input"][1]["status"] == "in_progress"
    assert (body["temperature"], body["top_p"]) == (0.6, 0.95)
    answer = read_events(response)[-1]["response"] if stream else response.json()
    texts = [part["text"] for item in answer["output"] if item["type"] == "message" for part in item["content"]]
    assert texts == [CLEANED]
    if stream:
        deltas = [event["delta"] for event in read_events(response) if event["type"] == "response.output_text.delta"]
        assert "".join(deltas) == CLEANED
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")


def test_openai_client_reads_rewritten_responses(client: openai.OpenAI) -> None:
    options: dict[str, Any] = {"model": "r1", "input": USER}

    whole = client.responses.create(**options)
    events = list(client.responses.create(**options, stream=True))

    assert whole.output_text == CLEANED
    assert events[-1].response.output_text == CLEANED


@WHOLE_AND_STREAMED
def test_policy_applies_to_messages_exactly_once(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    turn = [{"role": "user", "content": USER}]
    options: dict[str, Any] = {"model": "r1", "system": SYSTEM, "messages": turn, "temperature": 1.0, "max_tokens": 99}

    response = post(proxy, "messages", **options, stream=stream)

    (body,) = backend.bodies
    assert json.dumps(body).count(BOXED[:20]) == 1
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert body["messages"][-1] == FOLDED[1]
    assert (body["temperature"], body["continue_final_message"]) == (0.6, True)
    if stream:
        text = "".join(f["delta"].get("text", "") for f in read_events(response) if f["type"] == "content_block_delta")
    else:
        text = "".join(block.get("text", "") for block in response.json()["content"])
    assert text == CLEANED
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")


@pytest.mark.parametrize("path", ["responses", "messages"])
def test_rejection_has_the_error_format_of_the_endpoint(proxy: Proxy, backend: FakeBackend, path: str) -> None:
    options: dict[str, Any] = {"input": USER} if path == "responses" else {"messages": QUESTION[1:], "max_tokens": 9}

    response = post(proxy, path, model="r1", temperature="hot", **options)

    assert response.status_code == 400
    assert "temperature" in response.json()["error"]["message"]
    assert backend.bodies == []


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("path", ["responses", "messages"])
def test_model_without_policy_is_passed_through(proxy: Proxy, backend: FakeBackend, path: str, stream: bool) -> None:
    options: dict[str, Any] = {"input": USER} if path == "responses" else {"messages": QUESTION[1:], "max_tokens": 9}

    response = post(proxy, path, model="plain", temperature=1.0, **options, stream=stream)

    assert response.status_code == 200
    assert backend.bodies[-1]["model"] == PLAIN
    assert backend.bodies[-1]["temperature"] == 1.0
    assert "x-prompt-policy" not in response.headers


@WHOLE_AND_STREAMED
def test_policy_applies_once_when_messages_become_responses(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    turn = [{"role": "user", "content": USER}]
    options: dict[str, Any] = {"model": "r1-as-openai", "system": SYSTEM, "messages": turn, "max_tokens": 99}

    response = post(proxy, "messages", **options, stream=stream)

    (body,) = backend.bodies
    assert json.dumps(body["input"]).count(BOXED[:20]) == 1
    assert body["input"][-1]["status"] == "in_progress"
    if stream:
        text = "".join(f["delta"].get("text", "") for f in read_events(response) if f["type"] == "content_block_delta")
    else:
        text = "".join(block.get("text", "") for block in response.json()["content"])
    assert text == CLEANED

"""Responses and Anthropic's Messages through a real LiteLLM proxy."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.conftest import PLAIN
from tests.e2e.fake_backend import FakeBackend
from tests.e2e.proxy import Proxy
from tests.e2e.test_proxy import BOXED, CLEANED, FOLDED, QUESTION, WAYS, ask

SYSTEM, USER = QUESTION[0]["content"], QUESTION[1]["content"]


def frames(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: {")]


@WAYS
def test_responses_are_policed(policed: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = ask(policed, "responses", model="r1", instructions=SYSTEM, input=USER, temperature=1.3, stream=stream)

    (body,) = backend.bodies
    assert "instructions" not in body or not body["instructions"]
    assert body["input"][0]["content"] == FOLDED[0]["content"]
    assert body["input"][1]["status"] == "in_progress"
    assert (body["temperature"], body["top_p"]) == (0.6, 0.95)
    answer = frames(response)[-1]["response"] if stream else response.json()
    texts = [part["text"] for item in answer["output"] if item["type"] == "message" for part in item["content"]]
    assert texts == [CLEANED]
    if stream:
        deltas = [event["delta"] for event in frames(response) if event["type"] == "response.output_text.delta"]
        assert "".join(deltas) == CLEANED
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")


def test_the_openai_client_reads_responses(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "r1", "input": USER}

    whole = client.responses.create(**asked)
    events = list(client.responses.create(**asked, stream=True))

    assert whole.output_text == CLEANED
    assert events[-1].response.output_text == CLEANED


@WAYS
def test_messages_are_policed_exactly_once(policed: Proxy, backend: FakeBackend, stream: bool) -> None:
    turn = [{"role": "user", "content": USER}]
    asked: dict[str, Any] = {"model": "r1", "system": SYSTEM, "messages": turn, "temperature": 1.0, "max_tokens": 99}

    response = ask(policed, "messages", **asked, stream=stream)

    (body,) = backend.bodies
    assert json.dumps(body).count(BOXED[:20]) == 1
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert body["messages"][-1] == FOLDED[1]
    assert (body["temperature"], body["continue_final_message"]) == (0.6, True)
    if stream:
        text = "".join(f["delta"].get("text", "") for f in frames(response) if f["type"] == "content_block_delta")
    else:
        text = "".join(block.get("text", "") for block in response.json()["content"])
    assert text == CLEANED
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")


@pytest.mark.parametrize("path", ["responses", "messages"])
def test_a_refusal_is_told_in_the_endpoints_words(policed: Proxy, backend: FakeBackend, path: str) -> None:
    asked: dict[str, Any] = {"input": USER} if path == "responses" else {"messages": QUESTION[1:], "max_tokens": 9}

    response = ask(policed, path, model="r1", temperature="hot", **asked)

    assert response.status_code == 400
    assert "temperature" in response.json()["error"]["message"]
    assert backend.bodies == []


@WAYS
@pytest.mark.parametrize("path", ["responses", "messages"])
def test_a_model_without_a_policy_is_left_alone(policed: Proxy, backend: FakeBackend, path: str, stream: bool) -> None:
    asked: dict[str, Any] = {"input": USER} if path == "responses" else {"messages": QUESTION[1:], "max_tokens": 9}

    response = ask(policed, path, model="plain", temperature=1.0, **asked, stream=stream)

    assert response.status_code == 200
    assert backend.bodies[-1]["model"] == PLAIN
    assert backend.bodies[-1]["temperature"] == 1.0
    assert "x-prompt-policy" not in response.headers


@WAYS
def test_messages_that_become_responses_are_policed_exactly_once(
    policed: Proxy, backend: FakeBackend, stream: bool
) -> None:
    turn = [{"role": "user", "content": USER}]
    asked: dict[str, Any] = {"model": "r1-as-openai", "system": SYSTEM, "messages": turn, "max_tokens": 99}

    response = ask(policed, "messages", **asked, stream=stream)

    (body,) = backend.bodies
    assert json.dumps(body["input"]).count(BOXED[:20]) == 1
    assert body["input"][-1]["status"] == "in_progress"
    if stream:
        text = "".join(f["delta"].get("text", "") for f in frames(response) if f["type"] == "content_block_delta")
    else:
        text = "".join(block.get("text", "") for block in response.json()["content"])
    assert text == CLEANED

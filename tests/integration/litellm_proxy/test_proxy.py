"""The requests that a backend behind a real LiteLLM proxy receives, and the responses that the client gets."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import openai
import pytest

from tests.integration.litellm_proxy.client import BOXED, CLEANED, FOLDED, QUESTION, post, read_content, read_events
from tests.integration.litellm_proxy.deployments import BROKEN, PIECES, PLAIN
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.policies import MODEL

# On text completions older proxies drop an error's headers and write the status in place of its own code.
OLD = int(version("litellm").split(".")[1]) < 105


@WHOLE_AND_STREAMED
def test_request_and_answer_are_rewritten(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, model="r1", messages=QUESTION, temperature=1.3, stream=stream)
    assert read_content(response, stream=stream) == CLEANED
    [body] = backend.bodies
    assert body["messages"] == FOLDED
    assert (body["temperature"], body["top_p"]) == (0.6, 0.95)
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert response.headers["x-prompt-policy-applied"] == (
        "sampling,exact-tasks,no-system-prompt,step-by-step,start-thinking"
    )
    assert response.headers["x-prompt-policy-changed"].startswith("temperature=1.3>0.6,top_p=unset>0.95,messages,")


@WHOLE_AND_STREAMED
def test_openai_client_reads_the_rewritten_answer(client: openai.OpenAI, backend: FakeBackend, stream: bool) -> None:
    if stream:
        chunks = list(client.chat.completions.create(model="r1", messages=QUESTION, stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert chunks[-1].choices[0].finish_reason == "stop"
    else:
        text = client.chat.completions.create(model="r1", messages=QUESTION).choices[0].message.content or ""
    assert text == CLEANED
    assert backend.last()["messages"] == FOLDED


def test_usage_chunk_is_sent_only_on_request(proxy: Proxy, backend: FakeBackend) -> None:
    options = {"include_usage": True}
    events = read_events(post(proxy, model="r1", messages=QUESTION, stream=True, stream_options=options))
    assert events[-1]["usage"]["total_tokens"] == 2
    assert not any("usage" in event for event in read_events(post(proxy, model="r1", messages=QUESTION, stream=True)))


@WHOLE_AND_STREAMED
def test_each_choice_is_rewritten_independently(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, model="r1", messages=QUESTION, n=2, stream=stream)
    assert [read_content(response, stream=stream, index=index) for index in (0, 1)] == [CLEANED, CLEANED]


@WHOLE_AND_STREAMED
def test_separate_reasoning_field_is_preserved(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, model="DeepSeek-R1-Distill-Apart", messages=QUESTION, stream=stream)
    assert read_content(response, stream=stream) == "Hello."
    assert read_content(response, stream=stream, key="reasoning_content") == "Hm."


@WHOLE_AND_STREAMED
def test_prefill_is_not_restored_behind_a_reasoning_parser(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, model="r1-parsed", messages=QUESTION, stream=stream)
    assert read_content(response, stream=stream) == CLEANED.removeprefix("<think>\n")
    assert backend.last()["messages"] == FOLDED


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("model", ["plain", PLAIN, "some-unknown-model"])
def test_unmatched_model_is_passed_through_unchanged(
    proxy: Proxy, backend: FakeBackend, model: str, stream: bool
) -> None:
    response = post(proxy, model=model, messages=QUESTION, temperature=1.3, top_k=5, stream=stream)
    sent = {"messages": QUESTION, "temperature": 1.3, "top_k": 5, "stream": stream}
    body = backend.last()
    assert {key: value for key, value in body.items() if key not in ("model", "stream_options")} == sent
    answer = "Fine." if model.startswith("some") else "\n\nraw\n\n\n\nanswer\n"
    assert read_content(response, stream=stream) == answer
    assert not [header for header in response.headers if header.startswith("x-prompt-policy")]


@WHOLE_AND_STREAMED
def test_fallback_uses_the_policy_of_the_answering_model(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, model="falls-to-0528", messages=QUESTION, temperature=1.3, stream=stream)
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-0528@")
    assert read_content(response, stream=stream) == "Hello."
    *failed, last = backend.bodies
    assert [body["model"] for body in failed] == [BROKEN] * len(failed)
    assert all(body["messages"] == FOLDED for body in failed), "each retry is rewritten once, from the original"
    assert len(failed) == 2
    assert last["messages"] == QUESTION, "this policy adds no suffix in service, and folds nothing"
    assert last["temperature"] == 1.3
    assert "continue_final_message" not in last


@WHOLE_AND_STREAMED
def test_fallback_without_policy_gets_the_original_request(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, model="falls-to-plain", messages=QUESTION, temperature=1.3, stream=stream)
    assert read_content(response, stream=stream) == "\n\nraw\n\n\n\nanswer\n"
    assert backend.last()["messages"] == QUESTION
    assert backend.last()["temperature"] == 1.3
    assert "x-prompt-policy" not in response.headers


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("path", ["chat/completions", "completions"])
@pytest.mark.parametrize("model", ["r1", "mixed", "falls-to-plain", "deepseek-ai/DeepSeek-R1"])
def test_rejection_is_immediate_and_reaches_no_backend(
    proxy: Proxy, backend: FakeBackend, model: str, path: str, stream: bool
) -> None:
    prompt = {"prompt": "Once"} if path == "completions" else {"messages": QUESTION}
    response = post(proxy, path, model=model, temperature="hot", stream=stream, **prompt)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error == {
        "message": "temperature must be a number",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "400" if path == "completions" and OLD else "policy_violation",
    }
    if not (path == "completions" and OLD):
        assert response.headers["x-prompt-policy"].startswith("deepseek-r1")
    assert backend.bodies == []


def test_openai_client_raises_bad_request_on_rejection(client: openai.OpenAI, backend: FakeBackend) -> None:
    hot: Any = "hot"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="r1", messages=QUESTION, temperature=hot)
    assert (caught.value.code, caught.value.param) == ("policy_violation", "temperature")


def test_deployment_bound_to_a_missing_policy_is_rejected(proxy: Proxy, backend: FakeBackend) -> None:
    response = post(proxy, model="misbound", messages=QUESTION)
    assert response.status_code == 500
    assert "no policy is named 'gone'" in response.json()["error"]["message"]
    assert backend.bodies == []


def test_explicit_binding_overrides_the_model_name(proxy: Proxy, backend: FakeBackend) -> None:
    response = post(proxy, model="bound", messages=QUESTION)
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-0528@")


@WHOLE_AND_STREAMED
def test_text_completions_only_have_parameters_clamped(proxy: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = post(proxy, "completions", model="r1", prompt="Once", temperature=1.3, top_k=5, stream=stream)
    body = backend.last()
    assert (body["prompt"], body["temperature"], body["top_p"], body["top_k"]) == ("Once", 0.7, 0.95, 5)
    texts = (
        [choice.get("text") or "" for event in read_events(response) for choice in event["choices"]] if stream else []
    )
    text = "".join(texts) if stream else response.json()["choices"][0]["text"]
    assert text == "".join(PIECES)
    assert response.headers["x-prompt-policy-applied"] == "sampling"


def test_policy_applies_to_extra_body(proxy: Proxy, backend: FakeBackend) -> None:
    post(proxy, model="r1", messages=QUESTION, extra_body={"temperature": 2, "top_k": 5})
    assert (backend.last()["temperature"], backend.last()["top_k"]) == (0.6, 5)


def test_task_set_by_the_caller_takes_precedence(proxy: Proxy, backend: FakeBackend) -> None:
    post(proxy, model="r1", messages=[{"role": "user", "content": "And then?"}], metadata={"task": "math"})
    assert backend.last()["messages"][0]["content"] == f"And then?\n{BOXED}"


def test_second_pass_changes_nothing(proxy: Proxy, backend: FakeBackend) -> None:
    post(proxy, model="r1", messages=QUESTION, temperature=1.3)
    once = backend.last()
    response = post(proxy, **{**once, "model": "r1"})
    assert {**backend.last(), "stream": once["stream"]} == once
    assert "x-prompt-policy-applied" not in response.headers


def test_startup_logs_the_policy_of_every_deployment(proxy: Proxy) -> None:
    log = proxy.log
    assert f"deployment r1 (hosted_vllm/{MODEL}): policy deepseek-r1-distill@" in log
    assert "deployment bound (hosted_vllm/some-model): policy deepseek-r1-0528@" in log
    assert f"WARNING prompt_policy: deployment plain (hosted_vllm/{PLAIN}): NO policy" in log
    assert "deployment misbound (hosted_vllm/some-model): requests are refused" in log
    assert "deployment * (hosted_vllm/*): its policy is selected by the model name in each request" in log
    assert "the callback is listed more than once; it runs once" in log


def test_decisions_are_logged_as_json_without_any_text(proxy: Proxy, backend: FakeBackend) -> None:
    post(proxy, model="r1", messages=[{"role": "user", "content": "A secret question"}], temperature=1.3)
    lines = [line for line in proxy.log.splitlines() if "prompt_policy.decision: " in line]
    record = json.loads(lines[-1].partition("prompt_policy.decision: ")[2])
    assert (record["policy"], record["model"]) == ("deepseek-r1-distill", MODEL)
    assert record["applied"] == ["sampling", "start-thinking"]
    assert not any("secret" in line for line in lines)

"""What a client of a real LiteLLM proxy gets, and what the backend behind it receives."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.conftest import BROKEN, PIECES, PLAIN
from tests.e2e.fake_backend import FakeBackend
from tests.e2e.proxy import KEY, Proxy
from tests.support import MODEL

QUESTION: list[Any] = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Solve the quadratic equation x^2 - 5x + 6 = 0."},
]
# On text completions older proxies drop an error's headers and write the status in place of its own code.
OLD = int(version("litellm").split(".")[1]) < 105
BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
FOLDED = [
    {"role": "user", "content": f"You are a patient tutor.\n\n{QUESTION[1]['content']}\n{BOXED}"},
    {"role": "assistant", "content": "<think>\n"},
]
CLEANED = "<think>\nHmm.\n</think>\n\nHello\n\n```\na\n\n\n\nb\n```"
WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def ask(policed: Proxy, path: str = "chat/completions", **body: Any) -> httpx.Response:
    """Send a request as curl does."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(f"{policed.url}/v1/{path}", json=body, headers=headers, timeout=60)


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the events of a stream."""
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def contents(response: httpx.Response, *, stream: bool, index: int = 0, key: str = "content") -> str:
    """Return the text of one choice as a client reads it."""
    if not stream:
        return str(response.json()["choices"][index]["message"].get(key) or "")
    choices = [choice for event in events(response) for choice in event["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get(key) or "" for choice in choices)


@WAYS
def test_a_request_is_brought_within_the_card_and_its_answer_cleaned(
    policed: Proxy, backend: FakeBackend, stream: bool
) -> None:
    response = ask(policed, model="r1", messages=QUESTION, temperature=1.3, stream=stream)
    assert contents(response, stream=stream) == CLEANED
    [body] = backend.bodies
    assert body["messages"] == FOLDED
    assert (body["temperature"], body["top_p"]) == (0.6, 0.95)
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert response.headers["x-prompt-policy-applied"] == (
        "sampling,exact-tasks,no-system-prompt,step-by-step,start-thinking"
    )
    assert response.headers["x-prompt-policy-changed"].startswith("temperature=1.3>0.6,top_p=unset>0.95,messages,")


@WAYS
def test_the_openai_client_reads_the_same(client: openai.OpenAI, backend: FakeBackend, stream: bool) -> None:
    if stream:
        chunks = list(client.chat.completions.create(model="r1", messages=QUESTION, stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert chunks[-1].choices[0].finish_reason == "stop"
    else:
        text = client.chat.completions.create(model="r1", messages=QUESTION).choices[0].message.content or ""
    assert text == CLEANED
    assert backend.last()["messages"] == FOLDED


def test_the_usage_chunk_comes_where_it_was_asked_for(policed: Proxy, backend: FakeBackend) -> None:
    options = {"include_usage": True}
    asked = events(ask(policed, model="r1", messages=QUESTION, stream=True, stream_options=options))
    assert asked[-1]["usage"]["total_tokens"] == 2
    assert not any("usage" in event for event in events(ask(policed, model="r1", messages=QUESTION, stream=True)))


@WAYS
def test_each_choice_is_cleaned_by_itself(policed: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = ask(policed, model="r1", messages=QUESTION, n=2, stream=stream)
    assert [contents(response, stream=stream, index=index) for index in (0, 1)] == [CLEANED, CLEANED]


@WAYS
def test_a_thought_in_a_field_of_its_own_stays_there(policed: Proxy, backend: FakeBackend, stream: bool) -> None:
    response = ask(policed, model="DeepSeek-R1-Distill-Apart", messages=QUESTION, stream=stream)
    assert contents(response, stream=stream) == "Hello."
    assert contents(response, stream=stream, key="reasoning_content") == "Hm."


@WAYS
def test_behind_a_known_reasoning_parser_the_prefill_is_not_put_back(
    policed: Proxy, backend: FakeBackend, stream: bool
) -> None:
    response = ask(policed, model="r1-parsed", messages=QUESTION, stream=stream)
    assert contents(response, stream=stream) == CLEANED.removeprefix("<think>\n")
    assert backend.last()["messages"] == FOLDED


@WAYS
@pytest.mark.parametrize("model", ["plain", PLAIN, "some-unknown-model"])
def test_a_model_that_no_policy_names_passes_untouched(
    policed: Proxy, backend: FakeBackend, model: str, stream: bool
) -> None:
    response = ask(policed, model=model, messages=QUESTION, temperature=1.3, top_k=5, stream=stream)
    sent = {"messages": QUESTION, "temperature": 1.3, "top_k": 5, "stream": stream}
    body = backend.last()
    assert {key: value for key, value in body.items() if key not in ("model", "stream_options")} == sent
    answer = "Fine." if model.startswith("some") else "\n\nraw\n\n\n\nanswer\n"
    assert contents(response, stream=stream) == answer
    assert not [header for header in response.headers if header.startswith("x-prompt-policy")]


@WAYS
def test_a_fallback_gets_the_policy_of_the_model_that_answers(
    policed: Proxy, backend: FakeBackend, stream: bool
) -> None:
    response = ask(policed, model="falls-to-0528", messages=QUESTION, temperature=1.3, stream=stream)
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-0528@")
    assert contents(response, stream=stream) == "Hello."
    *failed, last = backend.bodies
    assert [body["model"] for body in failed] == [BROKEN] * len(failed)
    assert all(body["messages"] == FOLDED for body in failed), "a retry gets the same rewriting once"
    assert len(failed) == 2
    assert last["messages"] == [QUESTION[0], {"role": "user", "content": f"{QUESTION[1]['content']}\n{BOXED}"}]
    assert last["temperature"] == 1.3
    assert "continue_final_message" not in last


@WAYS
def test_a_fallback_to_a_model_without_a_policy_gets_the_original(
    policed: Proxy, backend: FakeBackend, stream: bool
) -> None:
    response = ask(policed, model="falls-to-plain", messages=QUESTION, temperature=1.3, stream=stream)
    assert contents(response, stream=stream) == "\n\nraw\n\n\n\nanswer\n"
    assert backend.last()["messages"] == QUESTION
    assert backend.last()["temperature"] == 1.3
    assert "x-prompt-policy" not in response.headers


@WAYS
@pytest.mark.parametrize("path", ["chat/completions", "completions"])
@pytest.mark.parametrize("model", ["r1", "mixed", "falls-to-plain", "deepseek-ai/DeepSeek-R1"])
def test_a_refusal_reaches_the_client_at_once_and_no_model(
    policed: Proxy, backend: FakeBackend, model: str, path: str, stream: bool
) -> None:
    asked = {"prompt": "Once"} if path == "completions" else {"messages": QUESTION}
    response = ask(policed, path, model=model, temperature="hot", stream=stream, **asked)
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


def test_the_openai_client_sees_a_refusal_as_a_bad_request(client: openai.OpenAI, backend: FakeBackend) -> None:
    hot: Any = "hot"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="r1", messages=QUESTION, temperature=hot)
    assert (caught.value.code, caught.value.param) == ("policy_violation", "temperature")


def test_a_deployment_bound_to_a_policy_that_is_not_there_is_refused(policed: Proxy, backend: FakeBackend) -> None:
    response = ask(policed, model="misbound", messages=QUESTION)
    assert response.status_code == 500
    assert "no policy is named 'gone'" in response.json()["error"]["message"]
    assert backend.bodies == []


def test_an_explicit_binding_goes_before_any_name(policed: Proxy, backend: FakeBackend) -> None:
    response = ask(policed, model="bound", messages=QUESTION)
    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-0528@")


@WAYS
def test_text_completions_have_their_parameters_clamped_and_nothing_else(
    policed: Proxy, backend: FakeBackend, stream: bool
) -> None:
    response = ask(policed, "completions", model="r1", prompt="Once", temperature=1.3, top_k=5, stream=stream)
    body = backend.last()
    assert (body["prompt"], body["temperature"], body["top_p"], body["top_k"]) == ("Once", 0.7, 0.95, 5)
    texts = [choice.get("text") or "" for event in events(response) for choice in event["choices"]] if stream else []
    text = "".join(texts) if stream else response.json()["choices"][0]["text"]
    assert text == "".join(PIECES)
    assert response.headers["x-prompt-policy-applied"] == "sampling"


def test_what_stands_in_extra_body_does_not_get_past_the_policy(policed: Proxy, backend: FakeBackend) -> None:
    ask(policed, model="r1", messages=QUESTION, extra_body={"temperature": 2, "top_k": 5})
    assert (backend.last()["temperature"], backend.last()["top_k"]) == (0.6, 5)


def test_the_callers_word_for_the_task_wins(policed: Proxy, backend: FakeBackend) -> None:
    ask(policed, model="r1", messages=[{"role": "user", "content": "And then?"}], metadata={"task": "math"})
    assert backend.last()["messages"][0]["content"] == f"And then?\n{BOXED}"


def test_a_second_pass_changes_nothing(policed: Proxy, backend: FakeBackend) -> None:
    ask(policed, model="r1", messages=QUESTION, temperature=1.3)
    once = backend.last()
    response = ask(policed, **{**once, "model": "r1"})
    assert {**backend.last(), "stream": once["stream"]} == once
    assert "x-prompt-policy-applied" not in response.headers


def test_the_start_says_which_policy_every_deployment_gets(policed: Proxy) -> None:
    log = policed.log
    assert f"deployment r1 (hosted_vllm/{MODEL}): policy deepseek-r1-distill@" in log
    assert "deployment bound (hosted_vllm/some-model): policy deepseek-r1-0528@" in log
    assert f"WARNING prompt_policy: deployment plain (hosted_vllm/{PLAIN}): NO policy" in log
    assert "deployment misbound (hosted_vllm/some-model): requests are refused" in log
    assert "deployment * (hosted_vllm/*): its policy is chosen by the name in each request" in log
    assert "the callback is listed more than once; it runs once" in log


def test_decisions_are_logged_as_json_without_any_text(policed: Proxy, backend: FakeBackend) -> None:
    ask(policed, model="r1", messages=[{"role": "user", "content": "A secret question"}], temperature=1.3)
    lines = [line for line in policed.log.splitlines() if "prompt_policy.decision: " in line]
    record = json.loads(lines[-1].partition("prompt_policy.decision: ")[2])
    assert (record["policy"], record["model"]) == ("deepseek-r1-distill", MODEL)
    assert record["applied"] == ["sampling", "start-thinking"]
    assert not any("secret" in line for line in lines)

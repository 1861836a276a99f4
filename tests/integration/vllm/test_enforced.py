"""Policies on a real vLLM, through LiteLLM's proxy and inside the engine, whole and streamed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.vllm.conftest import template
from tests.support.litellm_proxy import KEY, Proxy
from tests.support.vllm_server import Server, VllmAnswer, post, request_answer, tokenize

EQUATION = "Solve x^2 - 5x + 6 = 0."
SUFFIX = "Please reason step by step, and put your final answer within \\boxed{}."
BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": EQUATION}]
FOLDED = f"Be brief.\n\n{EQUATION}\n{SUFFIX}"
# Noise may contain <think>, which vLLM's parser splits differently in streams and in whole answers.
BAD_WORDS = ["<think>"]
REQUEST: dict[str, Any] = {
    "messages": MESSAGES,
    "temperature": 1.3,
    "max_tokens": 24,
    "seed": 5,
    "bad_words": BAD_WORDS,
}
# The request that the policy sends in its place.
EXPECTED_REQUEST: dict[str, Any] = {
    "model": "plain",
    "messages": [{"role": "user", "content": FOLDED}, {"role": "assistant", "content": "<think>\n"}],
    "continue_final_message": True,
    "add_generation_prompt": False,
    "temperature": 0.6,
    "top_p": 0.95,
    "max_tokens": 24,
    "seed": 5,
    "bad_words": BAD_WORDS,
}
ENFORCED_MODELS = {False: "enforced", True: "enforced-parsed"}

RequestAnswer = Callable[..., VllmAnswer]


@pytest.fixture(params=["litellm", "in-engine"])
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[False, True], ids=["unparsed", "parsed"])
def parser(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def enforced(host: str, servers: dict[bool, Server], proxied: Proxy) -> RequestAnswer:
    """A function that requests an answer from a host with the policy."""

    def request_enforced(body: dict[str, Any], *, stream: bool, parser: bool = False, **keys: Any) -> VllmAnswer:
        if host == "litellm":
            return request_answer(
                f"{proxied.url}/v1", {"model": ENFORCED_MODELS[parser], **body}, stream=stream, key=KEY, **keys
            )
        return request_answer(
            f"{servers[parser].root}/v1", {"model": "DeepSeek-R1-Distill-Tiny", **body}, stream=stream, **keys
        )

    return request_enforced


def remove_whitespace(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_model_gets_the_policys_request_and_answers_are_clean(
    enforced: RequestAnswer, servers: dict[bool, Server], stream: bool, parser: bool
) -> None:
    answer = enforced(REQUEST, stream=stream, parser=parser)
    direct = request_answer(f"{servers[parser].root}/v1", EXPECTED_REQUEST, stream=stream)

    assert answer.status == direct.status == 200, answer.error
    assert answer.usage is not None and direct.usage is not None  # noqa: PT018
    assert answer.usage["prompt_tokens"] == direct.usage["prompt_tokens"]
    # The same seed gives the same text only for the same prompt and parameters.
    opening = "" if parser else "<think>\n"
    assert remove_whitespace(answer.content) == remove_whitespace(opening + direct.content)
    assert remove_whitespace(answer.reasoning) == remove_whitespace(direct.reasoning)
    assert answer.content == answer.content.strip(" \t\r\n")
    assert not re.search(r"\n[ \t\r]*\n[ \t\r]*\n", answer.content)
    assert answer.headers is not None
    assert answer.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")


def test_streamed_and_whole_answers_are_equal(enforced: RequestAnswer, parser: bool) -> None:
    for seed in range(3):
        whole, streamed = (enforced({**REQUEST, "seed": seed}, stream=s, parser=parser) for s in (False, True))

        assert (streamed.content, streamed.reasoning) == (whole.content, whole.reasoning)


@pytest.mark.parametrize("name", ["r1_old", "r1_new"])
def test_reasoning_is_opened_once_under_both_templates(
    servers: dict[bool, Server], stream: bool, parser: bool, name: str
) -> None:
    server = servers[parser]
    body = {"model": "DeepSeek-R1-Distill-Tiny", **REQUEST, "chat_template": template(name)}

    answer = request_answer(f"{server.root}/v1", body, stream=stream)

    expected = f"{BEGIN}{USER}{FOLDED}{ASSISTANT}<think>\n"
    assert answer.prompt == expected, answer.error


def test_earlier_reasoning_and_later_system_messages_are_removed(
    servers: dict[bool, Server],
) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nHello."},
        {"role": "system", "content": "Now be brief."},
        {"role": "user", "content": "Who are you?"},
    ]
    server = servers[False]

    answer = request_answer(
        f"{server.root}/v1", {**REQUEST, "model": "DeepSeek-R1-Distill-Tiny", "messages": messages}, stream=False
    )

    prompt = f"{USER}Hi{ASSISTANT}Hello.{END}{USER}Now be brief.\n\nWho are you?{ASSISTANT}<think>\n"
    assert answer.prompt == BEGIN + prompt


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("no_system", MESSAGES),
        ("alternating", MESSAGES),
        (
            "alternating",
            [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello."},
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": EQUATION},
            ],
        ),
    ],
)
def test_folding_makes_rejected_requests_succeed(
    enforced: RequestAnswer, servers: dict[bool, Server], stream: bool, name: str, messages: list[dict[str, str]]
) -> None:
    body = {**REQUEST, "messages": messages, "chat_template": template(name)}

    assert request_answer(f"{servers[False].root}/v1", {"model": "plain", **body}, stream=stream).status == 400
    answer = enforced(body, stream=stream)
    assert answer.status == 200, answer.error
    assert answer.content.startswith("<think>\n")


def test_a_template_that_closes_reasoning_corrupts_the_prefill(servers: dict[bool, Server]) -> None:
    server = servers[False]
    body = {**REQUEST, "model": "DeepSeek-R1-Distill-Tiny", "chat_template": template("closes_thoughts")}

    answer = request_answer(f"{server.root}/v1", body, stream=False)

    corrupted = f"{BEGIN}{USER}{FOLDED}{ASSISTANT}<think>\n\n</think>\n\n<think>\n"
    assert answer.prompt == corrupted


def test_empty_reasoning_is_equal_streamed_and_whole(
    enforced: RequestAnswer, servers: dict[bool, Server], parser: bool
) -> None:
    (closing,) = tokenize(servers[parser].root, "</think>")
    body = {**REQUEST, "max_tokens": 3, "logit_bias": {str(closing): 100}}

    whole, streamed = (enforced(body, stream=s, parser=parser) for s in (False, True))

    assert (streamed.content, streamed.reasoning) == (whole.content, whole.reasoning)
    expected = "</think></think>" if parser else "<think>\n</think></think></think>"
    assert (whole.content, whole.reasoning) == (expected, "")


@pytest.mark.parametrize("path", ["chat/completions", "completions"])
def test_clamped_parameters_take_effect(
    host: str, servers: dict[bool, Server], proxied: Proxy, stream: bool, path: str
) -> None:
    base, key = (f"{proxied.url}/v1", KEY) if host == "litellm" else (f"{servers[False].root}/v1", "none")
    turn = {"messages": [{"role": "user", "content": "Hi"}]} if path.startswith("chat") else {"prompt": "Hi"}

    answers = [
        request_answer(base, {"model": "short", **turn, "max_tokens": 50, "temperature": 1.9, "seed": seed},
            stream=stream, key=key, path=path)
        for seed in (1, 2, 3)
    ]  # fmt: skip

    assert [answer.usage["completion_tokens"] for answer in answers if answer.usage] == [5, 5, 5]
    assert len({answer.content for answer in answers}) == 1  # greedy decoding ignores the seed


def test_no_limit_is_set_that_the_engines_context_cannot_hold(servers: dict[bool, Server]) -> None:
    """The middleware reads the context length in vLLM's own state."""
    root, request = f"{servers[False].root}/v1", {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}

    answer = request_answer(root, {"model": "long", **request}, stream=False)

    assert answer.status == 200
    assert answer.headers is not None
    assert answer.headers["x-prompt-policy"].startswith("long@")
    assert "x-prompt-policy-applied" not in answer.headers


def test_a_model_without_a_policy_is_unchanged(servers: dict[bool, Server], proxied: Proxy, stream: bool) -> None:
    direct = request_answer(f"{servers[False].root}/v1", {"model": "plain", **REQUEST}, stream=stream)
    proxied_answer = request_answer(f"{proxied.url}/v1", {"model": "raw", **REQUEST}, stream=stream, key=KEY)

    assert direct.prompt == f"{BEGIN}Be brief.{USER}{EQUATION}{ASSISTANT}"
    assert remove_whitespace(proxied_answer.content) == remove_whitespace(direct.content)
    assert direct.headers is not None
    assert "x-prompt-policy" not in direct.headers


def test_proxy_and_engine_together_apply_the_policy_once(
    servers: dict[bool, Server], proxied: Proxy, stream: bool
) -> None:
    once = request_answer(f"{proxied.url}/v1", {"model": "enforced", **REQUEST}, stream=stream, key=KEY)
    sent = {**EXPECTED_REQUEST, "model": "DeepSeek-R1-Distill-Tiny"}
    again = request_answer(f"{servers[False].root}/v1", sent, stream=stream)

    assert again.headers is not None
    assert "x-prompt-policy-applied" not in again.headers
    assert remove_whitespace(once.content) == remove_whitespace("<think>" + again.content)


def test_responses_have_the_same_policy_and_answer_as_chat(
    servers: dict[bool, Server], stream: bool, parser: bool
) -> None:
    root, model = f"{servers[parser].root}/v1", "DeepSeek-R1-Distill-Tiny"
    # The Responses API has no bad_words, and streams a generated tag that Chat Completions omit.
    no_tags = {"logit_bias": {str(token): -100 for tag in BAD_WORDS for token in tokenize(servers[parser].root, tag)}}
    request = {"instructions": "Be brief.", "input": EQUATION, "temperature": 1.3, "max_output_tokens": 24, "seed": 5}
    request |= no_tags

    same = {key: value for key, value in REQUEST.items() if key != "bad_words"} | no_tags
    chat = request_answer(root, {"model": model, **same}, stream=stream)
    with post(f"{root}/responses", {"model": model, **request, "stream": stream}) as response:
        data, headers = response.read().decode(), response.headers

    events = [json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")]
    answer = events[-1]["response"] if stream else json.loads(data)
    texts = {item["type"]: item["content"][0]["text"] for item in answer["output"]}
    assert (texts.get("message", ""), texts.get("reasoning", "")) == (chat.content, chat.reasoning)
    assert "start-thinking" in headers["x-prompt-policy-applied"]
    if stream:
        deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
        assert deltas == chat.content


def test_messages_are_folded_and_cleaned_but_not_prefilled(servers: dict[bool, Server], stream: bool) -> None:
    root, model = f"{servers[False].root}/v1", "DeepSeek-R1-Distill-Tiny"
    turn = [{"role": "user", "content": EQUATION}]
    request = {"model": model, "system": "Be brief.", "messages": turn, "max_tokens": 16, "temperature": 1.9}

    with post(f"{root}/messages", {**request, "stream": stream}) as response:
        data, headers = response.read().decode(), response.headers

    prompt = tokenize(servers[False].root, f"{BEGIN}{USER}{FOLDED}{ASSISTANT}")
    if stream:
        events = [json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")]
        usage = next(event["message"]["usage"] for event in events if event["type"] == "message_start")
        text = "".join(e["delta"].get("text", "") for e in events if e["type"] == "content_block_delta")
    else:
        usage, text = json.loads(data)["usage"], json.loads(data)["content"][0]["text"]
    assert usage["input_tokens"] == len(prompt)
    assert text == text.strip(" \t\r\n")
    assert "temperature=1.9>0.6" in headers["x-prompt-policy-changed"]
    assert "start-thinking" not in headers["x-prompt-policy-applied"]

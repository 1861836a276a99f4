"""Policies on a real vLLM, through LiteLLM's proxy and inside the engine, whole and streamed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.proxy import KEY, Proxy
from tests.vllm.conftest import template
from tests.vllm.server import Said, Server, ask, post, tokens_of

EQUATION = "Solve x^2 - 5x + 6 = 0."
SUFFIX = "Please reason step by step, and put your final answer within \\boxed{}."
BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": EQUATION}]
FOLDED = f"Be brief.\n\n{EQUATION}\n{SUFFIX}"
# Noise may hold a <think> in its middle, which vLLM's parser splits otherwise in a stream than in a whole answer.
UNSAID = ["<think>"]
ASKED: dict[str, Any] = {
    "messages": MESSAGES,
    "temperature": 1.3,
    "max_tokens": 24,
    "seed": 5,
    "bad_words": UNSAID,
}
# What the policy promises to send in its place.
SENT: dict[str, Any] = {
    "model": "plain",
    "messages": [{"role": "user", "content": FOLDED}, {"role": "assistant", "content": "<think>\n"}],
    "continue_final_message": True,
    "add_generation_prompt": False,
    "temperature": 0.6,
    "top_p": 0.95,
    "max_tokens": 24,
    "seed": 5,
    "bad_words": UNSAID,
}
POLICED = {False: "policed", True: "policed-parsed"}

Ask = Callable[..., Said]


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
def policed(host: str, servers: dict[bool, Server], proxied: Proxy) -> Ask:
    """Ask the policed model of a host."""

    def asked(body: dict[str, Any], *, stream: bool, parser: bool = False, **keys: Any) -> Said:
        if host == "litellm":
            return ask(f"{proxied.url}/v1", {"model": POLICED[parser], **body}, stream=stream, key=KEY, **keys)
        return ask(f"{servers[parser].root}/v1", {"model": "DeepSeek-R1-Distill-Tiny", **body}, stream=stream, **keys)

    return asked


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_model_gets_what_the_policy_promises_and_the_client_a_clean_answer(
    policed: Ask, servers: dict[bool, Server], stream: bool, parser: bool
) -> None:
    said = policed(ASKED, stream=stream, parser=parser)
    direct = ask(f"{servers[parser].root}/v1", SENT, stream=stream)

    assert said.status == direct.status == 200, said.error
    assert said.usage is not None and direct.usage is not None  # noqa: PT018
    assert said.usage["prompt_tokens"] == direct.usage["prompt_tokens"]
    # The same seed gives the same text only for the same prompt and parameters.
    opening = "" if parser else "<think>\n"
    assert squeezed(said.content) == squeezed(opening + direct.content)
    assert squeezed(said.reasoning) == squeezed(direct.reasoning)
    assert said.content == said.content.strip(" \t\r\n")
    assert not re.search(r"\n[ \t\r]*\n[ \t\r]*\n", said.content)
    assert said.headers is not None
    assert said.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")


def test_streamed_and_whole_are_the_same_text(policed: Ask, parser: bool) -> None:
    for seed in range(3):
        whole, streamed = (policed({**ASKED, "seed": seed}, stream=s, parser=parser) for s in (False, True))

        assert (streamed.content, streamed.reasoning) == (whole.content, whole.reasoning)


@pytest.mark.parametrize("name", ["r1_old", "r1_new"])
def test_the_thought_is_opened_exactly_once_under_both_templates(
    servers: dict[bool, Server], stream: bool, parser: bool, name: str
) -> None:
    server = servers[parser]
    body = {"model": "DeepSeek-R1-Distill-Tiny", **ASKED, "chat_template": template(name)}

    said = ask(f"{server.root}/v1", body, stream=stream)

    expected = f"{BEGIN}{USER}{FOLDED}{ASSISTANT}<think>\n"
    assert said.prompt_ids == tokens_of(server.root, expected), said.error


def test_old_thoughts_and_mid_conversation_system_messages_do_not_reach_the_model(
    servers: dict[bool, Server],
) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nHello."},
        {"role": "system", "content": "Now be brief."},
        {"role": "user", "content": "Who are you?"},
    ]
    server = servers[False]

    said = ask(f"{server.root}/v1", {**ASKED, "model": "DeepSeek-R1-Distill-Tiny", "messages": messages}, stream=False)

    asked = f"{USER}Hi{ASSISTANT}Hello.{END}{USER}Now be brief.\n\nWho are you?{ASSISTANT}<think>\n"
    assert said.prompt_ids == tokens_of(server.root, BEGIN + asked)


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
def test_folding_rescues_requests_that_fail_without_it(
    policed: Ask, servers: dict[bool, Server], stream: bool, name: str, messages: list[dict[str, str]]
) -> None:
    body = {**ASKED, "messages": messages, "chat_template": template(name)}

    assert ask(f"{servers[False].root}/v1", {"model": "plain", **body}, stream=stream).status == 400
    said = policed(body, stream=stream)
    assert said.status == 200, said.error
    assert said.content.startswith("<think>\n")


def test_a_template_that_closes_thoughts_corrupts_the_prefill(servers: dict[bool, Server]) -> None:
    server = servers[False]
    body = {**ASKED, "model": "DeepSeek-R1-Distill-Tiny", "chat_template": template("closes_thoughts")}

    said = ask(f"{server.root}/v1", body, stream=False)

    corrupted = f"{BEGIN}{USER}{FOLDED}{ASSISTANT}<think>\n\n</think>\n\n<think>\n"
    assert said.prompt_ids == tokens_of(server.root, corrupted)


def test_an_empty_thought_is_as_clean(policed: Ask, servers: dict[bool, Server], parser: bool) -> None:
    (closing,) = tokens_of(servers[parser].root, "</think>")
    body = {**ASKED, "max_tokens": 3, "logit_bias": {str(closing): 100}}

    whole, streamed = (policed(body, stream=s, parser=parser) for s in (False, True))

    assert (streamed.content, streamed.reasoning) == (whole.content, whole.reasoning)
    expected = "</think></think>" if parser else "<think>\n</think></think></think>"
    assert (whole.content, whole.reasoning) == (expected, "")


@pytest.mark.parametrize("path", ["chat/completions", "completions"])
def test_clamped_parameters_are_honoured(
    host: str, servers: dict[bool, Server], proxied: Proxy, stream: bool, path: str
) -> None:
    base, key = (f"{proxied.url}/v1", KEY) if host == "litellm" else (f"{servers[False].root}/v1", "none")
    turn = {"messages": [{"role": "user", "content": "Hi"}]} if path.startswith("chat") else {"prompt": "Hi"}

    said = [
        ask(base, {"model": "short", **turn, "max_tokens": 50, "temperature": 1.9, "seed": seed},
            stream=stream, key=key, path=path)
        for seed in (1, 2, 3)
    ]  # fmt: skip

    assert [answer.usage["completion_tokens"] for answer in said if answer.usage] == [5, 5, 5]
    assert len({answer.content for answer in said}) == 1  # greedy, whatever the seed


def test_a_model_without_a_policy_is_left_alone(servers: dict[bool, Server], proxied: Proxy, stream: bool) -> None:
    direct = ask(f"{servers[False].root}/v1", {"model": "plain", **ASKED}, stream=stream)
    through = ask(f"{proxied.url}/v1", {"model": "raw", **ASKED}, stream=stream, key=KEY)

    assert direct.prompt_ids == tokens_of(servers[False].root, f"{BEGIN}Be brief.{USER}{EQUATION}{ASSISTANT}")
    assert squeezed(through.content) == squeezed(direct.content)
    assert direct.headers is not None
    assert "x-prompt-policy" not in direct.headers


def test_a_policed_proxy_before_a_policed_engine_changes_nothing_twice(
    servers: dict[bool, Server], proxied: Proxy, stream: bool
) -> None:
    once = ask(f"{proxied.url}/v1", {"model": "policed", **ASKED}, stream=stream, key=KEY)
    sent = {**SENT, "model": "DeepSeek-R1-Distill-Tiny"}
    again = ask(f"{servers[False].root}/v1", sent, stream=stream)

    assert again.headers is not None
    assert "x-prompt-policy-applied" not in again.headers
    assert squeezed(once.content) == squeezed("<think>" + again.content)


def test_responses_get_the_same_policy_and_the_same_answer_as_chat(
    servers: dict[bool, Server], stream: bool, parser: bool
) -> None:
    root, model = f"{servers[parser].root}/v1", "DeepSeek-R1-Distill-Tiny"
    asked = {"instructions": "Be brief.", "input": EQUATION, "temperature": 1.3, "max_output_tokens": 24, "seed": 5}

    same = {key: value for key, value in ASKED.items() if key != "bad_words"}  # which Responses do not know
    chat = ask(root, {"model": model, **same}, stream=stream)
    with post(f"{root}/responses", {"model": model, **asked, "stream": stream}) as response:
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
    asked = {"model": model, "system": "Be brief.", "messages": turn, "max_tokens": 16, "temperature": 1.9}

    with post(f"{root}/messages", {**asked, "stream": stream}) as response:
        data, headers = response.read().decode(), response.headers

    prompt = tokens_of(servers[False].root, f"{BEGIN}{USER}{FOLDED}{ASSISTANT}")
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

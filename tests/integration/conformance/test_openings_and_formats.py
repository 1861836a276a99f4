"""Answers of other servers under the shipped policies: one opening, and no change to a constrained answer.

The requests and answers follow public reports, which the cases name.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from prompt_policy import load_paths
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.runtime.exchange import open_exchange
from prompt_policy.runtime.resolver import PolicyResolver
from tests.support.fake_asgi_app import FakeAsgiApp, call_app

PATH = "/v1/chat/completions"
POLICIES = load_paths([])
DISTILL, R1_7B = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek-r1:7b"
QWQ, GLM = "Qwen/QwQ-32B", "zai-org/GLM-4.7-Flash"
QWEN, NEMOTRON = "Qwen/Qwen3-235B-A22B-Thinking-2507", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"
REASONED = "Okay, the user asks.\n</think>\n\nHi"


class Report(NamedTuple):
    """An answer, in the pieces in which the server streams it, and the text that the client must read."""

    issue: str
    model: str
    pieces: list[dict[str, str]]
    content: str


def say(*texts: str) -> list[dict[str, str]]:
    return [{"content": text} for text in texts]


REPORTS = [
    Report("BerriAI/litellm#9578", QWQ, say("<think>Okay, HI.", " Done.\n", "</think>", "\n\nHello!"),
           "<think>Okay, HI. Done.\n</think>\n\nHello!"),
    Report("AIProxyTeam/AIProxySwift#101", DISTILL, say("", "<think>", "\nOkay\n</think>\n\nHi"),
           "<think>\nOkay\n</think>\n\nHi"),
    Report("cline/cline#1500", R1_7B, say("<think>\nOkay\n</think>\n\nHi"), "<think>\nOkay\n</think>\n\nHi"),
    Report("cline/cline#1500, a blank line first", R1_7B, say("\n", "\n<th", "ink>\nOkay\n</think>\n\nHi"),
           "<think>\nOkay\n</think>\n\nHi"),
    Report("deepseek-ai/DeepSeek-R1#526", DISTILL, say("Okay\n", "</think>\n\nHi"), "<think>\nOkay\n</think>\n\nHi"),
    Report("an answer that ends within the tag", DISTILL, say("<th"), "<think>\n<th"),
    Report("an answer that ends within the tag after a newline", DISTILL, say("\n", "<th"), "<think>\n\n<th"),
    Report("lmstudio-ai/lmstudio-bug-tracker#1495", GLM, say("", "Okay, the user", " asks.\n</think>\n\nHi"),
           "<think>" + REASONED),
    Report("CherryHQ/cherry-studio#13083", QWEN, say("", "Okay, the user", " asks.\n</think>\n\nHi"),
           "<think>\n" + REASONED),
    Report("logancyang/obsidian-copilot#2153", NEMOTRON, say("Okay, the user", " asks.\n</think>\n\nHi"),
           "<think>\n" + REASONED),
    Report("a server that parses reasoning", QWEN, [{"reasoning": "Okay, "}, {"reasoning": "Hm."}, *say("Hi")], "Hi"),
    Report("a server with the older field", GLM, [{"reasoning_content": "Hm."}, *say("Hi")], "Hi"),
    Report("a model whose template opens nothing", "zai-org/GLM-4.6", say("Hi"), "Hi"),
]  # fmt: skip


def whole(report: Report) -> bytes:
    message = {key: "".join(piece.get(key, "") for piece in report.pieces) for piece in report.pieces for key in piece}
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop", "logprobs": None}
    return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice]}).encode()


def streamed(report: Report) -> bytes:
    deltas = [{"role": "assistant", "content": ""}, *report.pieces, {}]
    reasons = [*([None] * (len(deltas) - 1)), "stop"]
    choices = [
        {"index": 0, "delta": delta, "finish_reason": reason} for delta, reason in zip(deltas, reasons, strict=True)
    ]
    chunks = [{"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    return b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


def read_stream(data: bytes) -> str:
    events = [line.removeprefix("data: ") for line in data.decode().splitlines() if line.startswith("data: {")]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in json.loads(event)["choices"])


def request_for(report: Report, stream: bool) -> bytes:
    body = {"model": report.model, "messages": [{"role": "user", "content": "HI"}], "stream": stream}
    return json.dumps(body).encode()


EACH_REPORT = pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.issue)


@EACH_REPORT
def test_exchange_restores_one_opening(report: Report) -> None:
    exchange = open_exchange(PolicyResolver(POLICIES), PATH, {}, request_for(report, stream=False))
    message = json.loads(exchange.rewrite_body(whole(report)).body)["choices"][0]["message"]
    assert message["content"] == report.content

    data = streamed(report)
    for size in (1, 7, len(data)):
        rewriter = exchange.create_stream_rewriter()
        out = b"".join(rewriter.feed(data[at : at + size]) for at in range(0, len(data), size)) + rewriter.flush()
        assert read_stream(out) == report.content


@EACH_REPORT
async def test_middleware_restores_one_opening(report: Report) -> None:
    for stream, data in ((False, whole(report)), (True, streamed(report))):
        media_type = b"text/event-stream" if stream else b"application/json"
        app = FakeAsgiApp([data], (b"content-type", media_type))
        body = request_for(report, stream)
        headers = [(b"content-length", str(len(body)).encode())]

        sent = await call_app(PolicyMiddleware(app, POLICIES), [body], path=PATH, method="POST", headers=headers)

        content = read_stream(sent.body) if stream else sent.json["choices"][0]["message"]["content"]
        assert content == report.content


CONSTRAINTS: list[dict[str, Any]] = [
    {"grammar": "root ::= [a-z]+"},  # ggml-org/llama.cpp#22537
    {"json_schema": {"type": "object"}},
    {"regex": "[a-z]+"},
    {"ebnf": "root ::= [a-z]+"},
    {"structural_tag": "{}"},
    {"format": "json"},
    {"guided_json": {}},
    {"guided_choice": ["yes", "no"]},
    {"structured_outputs": {"regex": "[a-z]+"}},
    {"response_format": {"type": "json_object"}},
    {"nvext": {"guided_regex": "[a-z]+"}},
]
LOOK_ALIKES: list[dict[str, Any]] = [{"format": "markdown"}, {"regex": None}, {"json_schema": False}, {"grammar": ""}]
MATH = [{"role": "user", "content": "Solve the equation x^2 = 4."}]


def rewrite(keys: dict[str, Any], answer: str) -> tuple[Any, str]:
    """Return the messages that are sent on, and the content that the client reads."""
    body = json.dumps({"model": DISTILL, "messages": MATH, **keys}).encode()
    exchange = open_exchange(PolicyResolver(POLICIES), PATH, {}, body)
    reply = exchange.rewrite_body(whole(Report("", DISTILL, say(answer), "")))
    return json.loads(exchange.body)["messages"], json.loads(reply.body)["choices"][0]["message"]["content"]


@pytest.mark.parametrize("keys", CONSTRAINTS, ids=repr)
def test_no_rule_changes_a_constrained_answer_or_its_prompt(keys: dict[str, Any]) -> None:
    assert rewrite(keys, "\n\n\n\nyes\n") == (MATH, "\n\n\n\nyes\n")


@pytest.mark.parametrize("keys", LOOK_ALIKES, ids=repr)
def test_parameters_that_constrain_nothing_keep_no_rule_from_acting(keys: dict[str, Any]) -> None:
    assert rewrite(keys, "yes") == rewrite({}, "yes")
    assert rewrite(keys, "yes") != (MATH, "yes")


@pytest.mark.parametrize("name", ["return_token_ids", "logprobs"])
def test_text_agrees_with_its_tokens(name: str) -> None:
    """The tokens arrive complete, because no text is removed with a chunk (vllm-project/vllm#27482)."""
    messages, content = rewrite({name: True}, "\n\n\n\nyes\n")
    assert content == "\n\n\n\nyes\n"
    assert messages[-1]["role"] == "user"

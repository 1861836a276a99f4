"""Verdicts on an answer of a model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from prompt_policy.net import HttpReply
from prompt_policy.probe.doctor.answer_check import AnswerResult
from prompt_policy.probe.doctor.enforcement import judge_enforcement, judge_format
from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.probe.doctor.marked_request import MarkedRequest
from prompt_policy.probe.doctor.server_identity import ServerIdentity
from prompt_policy.probe.doctor.verdict import DoctorVerdict
from tests.support.policies import policy_of

ACTING = HostReport("p@1", "asgi prompt-policy/0", "its name matches m", ("a",), ("temperature=1>0.7",), {"a": "fired"})
NEW, OLD = ServerIdentity("LiteLLM", "1.108.7"), ServerIdentity("LiteLLM", "1.80.0")
VLLM, RUST = ServerIdentity("vLLM", "0.32.0"), ServerIdentity("vLLM's Rust front end", "0.33.0")


def judge(
    report: HostReport, identity: ServerIdentity = NEW, expected: Any = None, answer: AnswerResult = "unknown"
) -> DoctorVerdict:
    return judge_enforcement(report, identity, MarkedRequest("chat", "m"), expected, answer)


@pytest.mark.parametrize(
    ("report", "identity", "name"),
    [
        (HostReport(), NEW, "no-callback"),
        (HostReport(), OLD, "old-litellm"),
        (HostReport(), ServerIdentity("LiteLLM"), "no-callback"),
        (HostReport(), VLLM, "no-middleware"),
        (HostReport(), RUST, "rust-front-end"),
        (HostReport(), ServerIdentity(), "no-host"),
        (HostReport(host="litellm/1.108.7 prompt-policy/0"), NEW, "not-covered"),
        (HostReport("none", "asgi", "no pattern matches"), VLLM, "unmatched"),
        (HostReport("none", "litellm", "its deployment is exempt"), NEW, "exempt"),
        (ACTING, NEW, "acts"),
        (ACTING, OLD, "old-litellm"),
        (replace(ACTING, is_behind=True), OLD, "acts"),
        (replace(ACTING, applied=()), VLLM, "acts"),
        (HostReport("p@1", applied=("a",)), VLLM, "acts"),
        (replace(ACTING, rules={"a": "fired;audit", "b": "idle;audit"}), VLLM, "audit"),
        (replace(ACTING, rules={"a": "fired;audit", "b": "idle"}), VLLM, "acts"),
        (replace(ACTING, rules={}), VLLM, "no-rule"),
    ],
)
def test_each_finding_has_its_verdict(report: HostReport, identity: ServerIdentity, name: str) -> None:
    verdict = judge(report, identity)
    assert verdict.name == name
    assert verdict.exit_code == (0 if name == "acts" else 1)
    assert verdict.remedy or name == "acts"
    assert "\n" not in str(verdict)


@pytest.mark.parametrize(
    ("identity", "remedy"),
    [(NEW, "model_info.prompt_policy"), (VLLM, "PROMPT_POLICY_NAME"), (ServerIdentity(), "NAME")],
)
def test_an_unmatched_model_can_be_bound(identity: ServerIdentity, remedy: str) -> None:
    assert remedy in judge(HostReport("none", "x", "no pattern matches"), identity).remedy


def test_another_policy_than_the_expected_one_is_a_finding() -> None:
    assert judge(ACTING, expected="p").name == "acts"
    verdict = judge(ACTING, expected="q")
    assert (verdict.name, "because its name matches m" in verdict.message) == ("other-policy", True)


def test_another_version_of_the_expected_policy_is_a_finding() -> None:
    policy = policy_of({"kind": "filter_whitespace"})
    same = replace(ACTING, policy=f"{policy.name}@{policy.hash}")
    assert judge(same, expected=policy).name == "acts"
    assert judge(replace(same, policy=f"{policy.name}@0"), expected=policy).name == "other-version"
    assert judge(ACTING, expected=policy_of({"kind": "filter_whitespace"}, name="q")).name == "other-policy"


@pytest.mark.parametrize(
    ("answer", "name"),
    [("filtered", "acts"), ("no filter", "acts"), ("unknown", "acts"), ("not filtered", "answer-not-filtered")],
)
def test_an_answer_that_passed_no_filter_is_a_finding(answer: AnswerResult, name: str) -> None:
    assert judge(ACTING, answer=answer).name == name


def test_the_effect_is_described() -> None:
    assert judge(ACTING).message == "policy p@1 acts; 1 rule changed this request"
    assert "no rule had to change" in judge(replace(ACTING, applied=())).message
    assert "in the server behind this one" in judge(replace(ACTING, is_behind=True)).message


CHUNK = b'data: {"choices": []}\n\n'


@pytest.mark.parametrize(
    ("endpoint", "stream", "media_type", "body", "name"),
    [
        ("chat", False, "application/json", b'{"choices": []}', None),
        ("responses", False, "application/json", b'{"output": []}', None),
        ("messages", False, "application/json", b'{"content": []}', None),
        ("chat", False, "application/json", b'{"ok": true}', "not-openai"),
        ("chat", False, "text/plain", b"hello", "not-openai"),
        ("chat", False, "application/json", b"", "not-openai"),
        ("chat", True, "text/event-stream", CHUNK + b"data: [DONE]\n\n", None),
        ("chat", True, "text/event-stream", CHUNK, "broken-stream"),
        ("chat", True, "text/event-stream", b"", "broken-stream"),
        ("chat", True, "application/json", b'{"choices": []}', "no-stream"),
        ("responses", True, "text/event-stream", b'data: {"type": "response.completed"}\n\n', None),
        ("responses", True, "text/event-stream", b'data: {"type":"response.incomplete"}\n\n', None),
        ("responses", True, "text/event-stream", b'data: {"type":"response.created"}\n\n', "broken-stream"),
        ("messages", True, "text/event-stream", b'event: message_stop\ndata: {"type": "message_stop"}\n\n', None),
        ("messages", True, "text/event-stream", b'data: {"type": "message_start"}\n\n', "broken-stream"),
    ],
)
def test_the_form_of_an_answer_is_checked(
    endpoint: Any, stream: bool, media_type: str, body: bytes, name: str | None
) -> None:
    reply = HttpReply(200, {"content-type": media_type}, body)
    verdict = judge_format("http://x", reply, MarkedRequest(endpoint, "m", stream))
    assert (verdict.name if verdict else None) == name


def test_an_error_within_a_stream_is_quoted() -> None:
    body = CHUNK + f"data: {json.dumps({'error': {'message': 'engine died'}})}\n\n".encode()
    verdict = judge_format(
        "http://x", HttpReply(200, {"content-type": "text/event-stream"}, body), MarkedRequest("chat", "m", True)
    )
    assert verdict is not None
    assert "engine died" in verdict.message

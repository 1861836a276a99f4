"""Whether an answer passed a policy's filters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy import Pipeline, Policy
from prompt_policy.conditions.context import RequestContext
from prompt_policy.net import HttpReply
from prompt_policy.probe.doctor.answer_check import check_answer
from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.probe.doctor.marked_request import MarkedRequest
from prompt_policy.runtime.decision import build_diagnosis
from prompt_policy.wire import Endpoint
from tests.support.policies import policy_of

OPENING = {"kind": "force_opening", "text": "<think>\n"}
TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream; charset=utf-8"}


def report(policy: Policy, request: MarkedRequest, **known: Any) -> HostReport:
    """Return the report of a host that knows this about the server."""
    context = RequestContext(**known)
    decision = Pipeline(policy).apply(request.build_body(), request.endpoint, context).decision
    return HostReport.from_headers(decision.headers() | build_diagnosis(decision, "asgi", "its name matches m"))


def reply(text: str, endpoint: Endpoint, *, stream: bool, cut: int = 3) -> HttpReply:
    """Return the answer of a server, with this text."""
    if not stream:
        bodies = {
            "chat": {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]},
            "responses": {
                "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}]
            },
            "messages": {"content": [{"type": "text", "text": text}]},
        }
        return HttpReply(200, JSON, json.dumps(bodies[endpoint]).encode())
    pieces = [text[i : i + cut] for i in range(0, len(text), cut)]
    chunks = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    data = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return HttpReply(200, SSE, data.encode())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("rules", "passed", "raw"),
    [
        ([TIDY], "OK\n\nfine", "\n\nOK\n\n\n\nfine\n"),
        ([OPENING], "<think>\nHm", "Hm"),
        ([CLAMP, OPENING, TIDY], "<think>\nHm\n\nOK", "Hm\n\n\n\nOK"),
    ],
)
def test_a_raw_answer_differs_from_a_filtered_one(
    rules: list[dict[str, Any]], passed: str, raw: str, stream: bool
) -> None:
    policy, request = policy_of(*rules), MarkedRequest("chat", "m", stream)
    found = report(policy, request, provider="vllm")
    assert check_answer(reply(passed, "chat", stream=stream), request, found, policy) == "filtered"
    assert check_answer(reply(raw, "chat", stream=stream), request, found, policy) == "not filtered"


@pytest.mark.parametrize("endpoint", ["responses", "messages"])
def test_other_endpoints_are_checked(endpoint: Endpoint) -> None:
    policy, request = policy_of(TIDY), MarkedRequest(endpoint, "m")
    found = report(policy, request)
    assert check_answer(reply("OK", endpoint, stream=False), request, found, policy) == "filtered"
    assert check_answer(reply("\n\nOK\n\n\n\nyes", endpoint, stream=False), request, found, policy) == "not filtered"


def test_messages_that_litellm_converts_to_chat_are_checked() -> None:
    policy, request = policy_of(OPENING), MarkedRequest("messages", "m")
    found = report(policy, MarkedRequest("chat", "m"), provider="hosted_vllm")
    assert check_answer(reply("Hm", "messages", stream=False), request, found, policy) == "not filtered"
    assert check_answer(reply("<think>\nHm", "messages", stream=False), request, found, policy) == "filtered"


def test_a_reasoning_parser_needs_no_restored_opening() -> None:
    policy, request = policy_of(OPENING), MarkedRequest("chat", "m")
    found = report(policy, request, provider="vllm", has_reasoning_parser=True)
    assert check_answer(reply("Hm", "chat", stream=False), request, found, policy) == "no filter"


def test_a_policy_without_filters_leaves_nothing_to_check() -> None:
    policy, request = policy_of(CLAMP), MarkedRequest("chat", "m")
    assert check_answer(reply("OK", "chat", stream=False), request, report(policy, request), policy) == "no filter"


def test_another_version_of_the_policy_cannot_be_checked() -> None:
    policy, request = policy_of(TIDY), MarkedRequest("chat", "m")
    raw = reply("\n\nOK", "chat", stream=False)
    assert check_answer(raw, request, report(policy, request), policy_of(TIDY, CLAMP)) == "unknown"
    assert check_answer(raw, request, report(policy, request), None) == "unknown"


def test_a_decision_that_depends_on_what_only_the_host_knows_is_unknown() -> None:
    policy, request = policy_of({**TIDY, "when": {"team": "a"}}), MarkedRequest("chat", "m")
    found = report(policy, request, team="a")
    assert check_answer(reply("\n\nOK", "chat", stream=False), request, found, policy) == "unknown"
    assert check_answer(reply("\n\nOK", "chat", stream=False), request, HostReport("p@0"), policy) == "unknown"

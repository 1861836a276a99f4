"""Policies on single lines."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from prompt_policy import PolicySet, UsageError
from prompt_policy.authoring.batch.formats import parse_request_line
from prompt_policy.authoring.batch.rewriter import BatchContext, LineRewriter, create_rewriter
from prompt_policy.runtime.resolver import PolicyResolver
from tests.support.policies import chat, policy_of

CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}
REJECT = {"kind": "reject", "message": "no tools", "when": {"has_tools": True}}
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "\n\n4\n\n\n\n5"}}]}
CLEAN = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "4\n\n5"}}]}


def create(*rules: dict[str, Any], **context: Any) -> LineRewriter:
    return LineRewriter(PolicyResolver(PolicySet([policy_of(*rules)]), "test"), BatchContext(**context))


def dump(value: Any, ending: bytes = b"\n") -> bytes:
    return json.dumps(value).encode() + ending


def wrap(body: Any, **keys: Any) -> dict[str, Any]:
    return {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body, **keys}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
def test_a_changed_body_keeps_its_wrapper_and_its_ending(ending: bytes) -> None:
    result = create(CLAMP).rewrite_request(dump(wrap(chat("Hi", temperature=1.5)), ending))
    assert (result.status, result.policy, result.fired) == ("changed", "test", ("clamp",))
    assert result.output is not None
    assert result.output.endswith(b"}" + ending)
    assert json.loads(result.output) == wrap(chat("Hi", temperature=0.7))


@pytest.mark.parametrize("line", [chat("Hi", temperature=0.1), wrap(chat("Hi"))])
def test_an_unchanged_line_is_the_same_object(line: Any) -> None:
    data = dump(line)
    result = create(CLAMP).rewrite_request(data)
    assert (result.status, result.output is data) == ("unchanged", True)


def test_a_rewritten_line_does_not_change_again() -> None:
    rewriter = create_rewriter(["deepseek-r1-distill"])
    once = rewriter.rewrite_request(dump(wrap(chat(("system", "Be brief."), "What is 2+3?", temperature=2))))
    assert once.output is not None
    assert once.status == "changed"
    assert rewriter.rewrite_request(once.output).status == "unchanged"


@pytest.mark.parametrize(
    ("line", "status"),
    [(b" \r\n", "blank"), (dump(wrap({"input": "x"}, url="/v1/embeddings")), "other_endpoint")],
)
def test_a_line_without_a_request_for_policies_passes(line: bytes, status: str) -> None:
    result = create(REJECT, CLAMP).rewrite_request(line)
    assert (result.status, result.output is line) == (status, True)


def test_a_model_without_a_policy_is_reported() -> None:
    policy = policy_of(CLAMP, applies_to={"models": ["other"]})
    rewriter = LineRewriter(PolicyResolver(PolicySet([policy])))
    line = dump(chat("Hi", model="mine", temperature=2))
    for result in (rewriter.rewrite_request(line), rewriter.rewrite_answer(line, line)):
        assert (result.status, result.model, result.output is line) == ("no_policy", "mine", True)


def test_a_refused_request_has_no_output() -> None:
    result = create(REJECT).rewrite_request(dump(chat("Hi", tools=[{}])))
    assert (result.status, result.output, result.policy) == ("refused", None, "test")
    assert result.error is not None
    assert (result.error["message"], result.error["code"]) == ("no tools", "policy_violation")


def test_an_invalid_line_has_no_output() -> None:
    result = create(CLAMP).rewrite_request(b"broken\n")
    assert (result.status, result.output) == ("invalid", None)
    assert result.error == {
        "message": "expected one JSON object", "type": "invalid_request_error", "param": None, "code": "invalid_line"
    }  # fmt: skip


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_an_answer_is_cleaned_by_the_policy_of_its_request(is_wrapped: bool) -> None:
    request = dump(wrap(chat("Hi")) if is_wrapped else chat("Hi"))
    line, expected = (
        {"custom_id": "a", "response": {"status_code": 200, "body": body}, "error": None} if is_wrapped else body
        for body in (ANSWER, CLEAN)
    )
    result = create(TIDY).rewrite_answer(request, dump(line, b"\r\n"))
    assert (result.status, result.fired) == ("changed", ["filter-whitespace"])
    assert result.output is not None
    assert result.output.endswith(b"}\r\n")
    assert json.loads(result.output) == expected


def test_an_opening_is_restored_by_the_original_request() -> None:
    rewriter = create({"kind": "force_opening", "text": "<think>\n"})
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "So.</think>4"}}]}
    result = rewriter.rewrite_answer(dump(chat("Hi")), dump(answer))
    assert result.output is not None
    assert json.loads(result.output)["choices"][0]["message"]["content"] == "<think>\nSo.</think>4"


def test_an_answer_that_no_rule_filters_is_the_same_object() -> None:
    answer = dump(ANSWER)
    assert create(CLAMP).rewrite_answer(dump(chat("Hi")), answer).output is answer
    assert create(REJECT, TIDY).rewrite_answer(dump(chat("Hi", tools=[{}])), answer).output is answer
    assert create(TIDY).rewrite_answer(dump(chat("Hi")), dump(CLEAN)).status == "unchanged"
    embedding = dump(wrap({"input": "x"}, url="/v1/embeddings"))
    assert create(TIDY).rewrite_answer(embedding, answer).status == "other_endpoint"


def test_an_invalid_answer_has_no_output() -> None:
    assert create(TIDY).rewrite_answer(dump(chat("Hi")), b"x\n").status == "invalid"
    assert create(TIDY).rewrite_answer(b"x\n", dump(ANSWER)).status == "invalid"


@pytest.mark.parametrize(
    ("line", "is_sent"),
    [
        (chat("Hi"), True),
        (chat("Hi", tools=[{}]), False),
        (wrap({"input": "x"}, url="/v1/embeddings"), True),
    ],
)
def test_a_request_that_is_not_refused_is_sent(line: Any, is_sent: bool) -> None:
    rewriter = create(REJECT)
    assert rewriter.is_sent(parse_request_line(dump(line))) is is_sent
    assert (rewriter.rewrite_request(dump(line)).output is not None) is is_sent


def test_what_the_user_states_reaches_the_conditions() -> None:
    rewriter = create({**CLAMP, "when": {"provider": "openai"}}, provider="openai")
    assert rewriter.rewrite_request(dump(chat("Hi", temperature=2))).status == "changed"
    opening = create({"kind": "force_opening", "text": "Sure"}, backend="openai")
    assert opening.rewrite_request(dump(chat("Hi"))).status == "unchanged"


def test_metadata_of_a_request_reaches_the_conditions() -> None:
    rewriter = create({**CLAMP, "when": {"tags": ["night"]}})
    body = chat("Hi", temperature=2)
    assert rewriter.rewrite_request(dump({**body, "metadata": {"tags": ["night"]}})).status == "changed"
    assert rewriter.rewrite_request(dump(body)).status == "unchanged"


def test_a_single_policy_applies_to_every_model() -> None:
    line = dump(chat("Hi", model="unknown", temperature=2))
    assert create_rewriter(["deepseek-r1-distill"]).rewrite_request(line).policy == "deepseek-r1-distill"
    assert create_rewriter(["deepseek-r1-distill", "qwen3"]).rewrite_request(line).status == "no_policy"


def test_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(UsageError, match="unknown backend 'vlm'"):
        create_rewriter(["qwen3"], context=BatchContext(backend="vlm"))


def test_a_pickled_rewriter_does_the_same() -> None:
    rewriter = create(CLAMP, provider="vllm", max_model_len=100)
    line = dump(chat("Hi", temperature=2))
    assert pickle.loads(pickle.dumps(rewriter)).rewrite_request(line) == rewriter.rewrite_request(line)


def test_duplicate_keys_and_lone_surrogates_survive() -> None:
    line = b'{"model": "a", "model": "m", "messages": [{"role": "user", "content": "\\ud800"}], "temperature": 2}\n'
    result = create(CLAMP).rewrite_request(line)
    assert result.output is not None
    assert json.loads(result.output)["messages"][0]["content"] == "\ud800"

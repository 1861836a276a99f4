"""The case runner: it must fail where it should, or no case means anything."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Pipeline, Policy
from prompt_policy.kinds.base import FilterChoice, Rule, Sent
from prompt_policy.testing import run_policy
from prompt_policy.wire.answer import Channel
from tests.support import chat, policy_of

COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"max": 0.7}}}
TIDY = {"kind": "filter_whitespace", "name": "tidy"}
NO = {"kind": "reject", "name": "no", "message": "no greed", "param": "seed", "when": {"parameters": {"seed": 0}}}


def mistakes(expect: dict[str, Any], *rules: dict[str, Any], **case: Any) -> tuple[str, ...]:
    request = {**chat("Hi"), "temperature": 1.3, **case.pop("request", {})}
    tests = [{"name": "c", "request": request, "expect": expect, **case}]
    return run_policy(policy_of(*(rules or (COOL,)), tests=tests)).cases[0].mistakes


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"request": {"temperature": 0.6}}, "request.temperature: expected 0.6, got 0.7"),
        ({"request": {"messages": []}}, "request.messages: expected [], got"),
        ({"request": {"messages": [{"content": "Ho"}]}}, "request.messages[0].content: expected 'Ho', got 'Hi'"),
        ({"request": {"stream": False}}, "request.stream: expected false, got absent"),
        ({"absent": ["temperature"]}, "request.temperature: expected nothing, got 0.7"),
        ({"fired": []}, "expected fired [], got ['cool']"),
        ({"unchanged": True}, "the request is changed by cool"),
        ({"refused": {}}, "expected a refusal, the request passed"),
    ],
)
def test_what_differs_is_told(expect: dict[str, Any], message: str) -> None:
    [found] = mistakes(expect)
    assert message in found


def test_what_agrees_passes() -> None:
    expect = {"request": {"temperature": 0.7, "messages": [{"content": "Hi"}]}, "fired": ["cool"], "absent": ["top_k"]}
    assert mistakes(expect) == ()


def test_true_is_not_one() -> None:
    assert mistakes({"request": {"seed": True}}, request={"seed": 1}) != ()


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({}, "the request is refused: no greed"),
        ({"refused": {"param": "top_p"}}, "expected param top_p, the refusal names seed"),
        ({"refused": {"contains": "lust"}}, "expected a refusal with 'lust', got 'no greed'"),
        ({"refused": {"param": "seed", "contains": "greed"}}, None),
    ],
)
def test_refusals(expect: dict[str, Any], message: str | None) -> None:
    assert mistakes(expect, NO, request={"seed": 0}) == ((message,) if message else ())


@pytest.mark.parametrize(
    ("response", "expect", "right"),
    [
        (["\nHel", "lo\n"], {"content": "Hello"}, True),
        (["\nHel", "lo\n"], {"content": "Hello\n"}, False),
        ([{"reasoning": "\nHm."}, "\nHello"], {"reasoning": "Hm.", "content": "Hello"}, True),
        ([{"reasoning": "\nHm."}, "\nHello"], {"reasoning": "\nHm."}, False),
        ([{"reasoning": "a", "content": "b"}], {"reasoning": "a", "content": "b"}, True),
        ([], {"content": ""}, True),
    ],
)
def test_answers(response: list[Any], expect: dict[str, Any], right: bool) -> None:
    assert (mistakes(expect, TIDY, response=response) == ()) is right


class CutAware(Rule):
    """Wrong on purpose: what it gives depends on the cuts."""

    def filter(self) -> FilterChoice:
        class Marks:
            def feed(self, _channel: Channel, text: str) -> str:
                return f"[{text}]" if text else ""

            def flush(self) -> dict[Channel, str]:
                return {}

        def choose(_sent: Sent) -> type[Marks]:
            return Marks

        return choose


class Growing(Rule):
    """Wrong on purpose: it changes its own output again."""

    def transform(self) -> Any:
        return lambda request, _admits: request.set(("seed",), request.body.get("seed", 0) + 1)


def with_rule(rule: Rule, **case: Any) -> Policy:
    tests = [{"name": "c", "request": chat("Hi"), "expect": {}, **case}]
    return policy_of(COOL, tests=tests).model_copy(update={"rules": (rule,)})


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_filter_that_depends_on_the_cuts_is_found() -> None:
    found = run_policy(with_rule(CutAware(name="x", kind="x"), response=["He", "llo"])).cases[0].mistakes
    assert any(line.startswith("cut as [") for line in found)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_rule_that_changes_its_own_output_again_is_found() -> None:
    [found] = run_policy(with_rule(Growing(name="x", kind="x"))).cases[0].mistakes
    assert found == "applied twice, the second time changes the request again: x"


def test_rules_that_no_case_fires_or_leaves_silent_are_named() -> None:
    tests = [{"name": "c", "request": chat("Hi", temperature=1.3), "expect": {}, "response": ["a"]}]
    result = run_policy(policy_of(COOL, TIDY, tests=tests))
    assert (result.never_acting, result.never_silent) == (("tidy",), ("cool",))


def test_a_case_may_name_the_endpoint_and_the_real_model() -> None:
    rule = {**COOL, "when": {"model": "real", "endpoint": "completions"}}
    case = {"endpoint": "completions", "model": "real"}
    assert mistakes({"fired": ["cool"]}, rule, **case) == ()
    assert mistakes({"fired": ["cool"]}, rule) != ()


def test_the_runner_uses_the_real_pipeline() -> None:
    policy = policy_of(COOL)
    assert Pipeline(policy).hash == policy.hash

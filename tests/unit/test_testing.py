"""The case runner. It must detect failures, or passing cases mean nothing."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Pipeline, Policy
from prompt_policy.kinds.base import Filter, FilterContext, FilterSelector, Rule
from prompt_policy.testing import pair_leaves, run_policy
from prompt_policy.wire import MISSING
from prompt_policy.wire.answers.chat import Channel
from tests.support.policies import chat, policy_of

CLAMP = {"kind": "clamp", "name": "clamp", "parameters": {"temperature": {"max": 0.7}}}
TIDY = {"kind": "filter_whitespace", "name": "tidy"}
NO = {"kind": "reject", "name": "no", "message": "no greed", "param": "seed", "when": {"parameters": {"seed": 0}}}


def list_failures(expect: dict[str, Any], *rules: dict[str, Any], **case: Any) -> tuple[str, ...]:
    request = {**chat("Hi"), "temperature": 1.3, **case.pop("request", {})}
    tests = [{"name": "c", "request": request, "expect": expect, **case}]
    return run_policy(policy_of(*(rules or (CLAMP,)), tests=tests)).cases[0].failures


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"request": {"temperature": 0.6}}, "request.temperature: expected 0.6, got 0.7"),
        ({"request": {"messages": []}}, "request.messages: expected [], got"),
        ({"request": {"messages": [{"content": "Ho"}]}}, "request.messages[0].content: expected 'Ho', got 'Hi'"),
        ({"request": {"stream": False}}, "request.stream: expected false, got absent"),
        ({"absent": ["temperature"]}, "request.temperature: expected nothing, got 0.7"),
        ({"fired": []}, "expected fired [], got ['clamp']"),
        ({"unchanged": True}, "the request is changed by clamp"),
        ({"refused": {}}, "expected a refusal, the request passed"),
    ],
)
def test_each_difference_is_a_failure(expect: dict[str, Any], message: str) -> None:
    [failure] = list_failures(expect)
    assert message in failure


def test_a_matching_request_passes() -> None:
    expect = {"request": {"temperature": 0.7, "messages": [{"content": "Hi"}]}, "fired": ["clamp"], "absent": ["top_k"]}
    assert list_failures(expect) == ()


def test_true_does_not_equal_one() -> None:
    assert list_failures({"request": {"seed": True}}, request={"seed": 1}) != ()


@pytest.mark.parametrize(
    ("ignore_extra_keys", "leaves"),
    [(True, [("r.a[0].b", 1, 2), ("r.c", 3, MISSING)]), (False, [("r.a[0].b", 1, 2), ("r.c", 3, MISSING),
                                                                ("r.d", MISSING, 4)])],
)  # fmt: skip
def test_leaves_are_paired_by_their_path(ignore_extra_keys: bool, leaves: list[Any]) -> None:
    first, second = {"a": [{"b": 1}], "c": 3}, {"a": [{"b": 2}], "d": 4}
    assert list(pair_leaves(first, second, "r", ignore_extra_keys=ignore_extra_keys)) == leaves


def test_lists_of_different_lengths_are_paired_whole() -> None:
    assert list(pair_leaves({"a": [1]}, {"a": [1, 2]}, "")) == [("a", [1], [1, 2])]


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({}, "the request is refused: no greed"),
        ({"refused": {"param": "top_p"}}, "expected param top_p, the refusal names seed"),
        ({"refused": {"contains": "lust"}}, "expected a refusal with 'lust', got 'no greed'"),
        ({"refused": {"param": "seed", "contains": "greed"}}, None),
    ],
)
def test_refusals_are_compared_with_the_expected_one(expect: dict[str, Any], message: str | None) -> None:
    assert list_failures(expect, NO, request={"seed": 0}) == ((message,) if message else ())


@pytest.mark.parametrize(
    ("response", "expect", "passes"),
    [
        (["\nHel", "lo\n"], {"content": "Hello"}, True),
        (["\nHel", "lo\n"], {"content": "Hello\n"}, False),
        ([{"reasoning": "\nHm."}, "\nHello"], {"reasoning": "Hm.", "content": "Hello"}, True),
        ([{"reasoning": "\nHm."}, "\nHello"], {"reasoning": "\nHm."}, False),
        ([{"reasoning": "a", "content": "b"}], {"reasoning": "a", "content": "b"}, True),
        ([], {"content": ""}, True),
    ],
)
def test_answers_are_compared_per_channel(response: list[Any], expect: dict[str, Any], passes: bool) -> None:
    assert (list_failures(expect, TIDY, response=response) == ()) is passes


class CutDependentRule(Rule):
    """A deliberately broken rule: its output depends on how the text is cut."""

    def filter(self) -> FilterSelector:
        class BracketFilter(Filter):
            def feed(self, _channel: Channel, text: str) -> str:
                return f"[{text}]" if text else ""

        def choose(_sent: FilterContext) -> type[BracketFilter]:
            return BracketFilter

        return choose


class NonIdempotentRule(Rule):
    """A deliberately broken rule: it changes its own output again."""

    def transform(self) -> Any:
        return lambda request, _applies_to: request.set(("seed",), request.body.get("seed", 0) + 1)


def make_policy(rule: Rule, **case: Any) -> Policy:
    tests = [{"name": "c", "request": chat("Hi"), "expect": {}, **case}]
    return policy_of(CLAMP, tests=tests).model_copy(update={"rules": (rule,)})


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_filter_that_depends_on_the_cuts_is_detected() -> None:
    failures = run_policy(make_policy(CutDependentRule(name="x", kind="x"), response=["He", "llo"])).cases[0].failures
    assert any(failure.startswith("cut as [") for failure in failures)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_rule_that_is_not_idempotent_is_detected() -> None:
    [failure] = run_policy(make_policy(NonIdempotentRule(name="x", kind="x"))).cases[0].failures
    assert failure == "applied twice, the second time changes the request again: x"


def test_rules_that_never_or_always_fire_are_listed() -> None:
    tests = [{"name": "c", "request": chat("Hi", temperature=1.3), "expect": {}, "response": ["a"]}]
    result = run_policy(policy_of(CLAMP, TIDY, tests=tests))
    assert (result.never_fired, result.always_fired) == (("tidy",), ("clamp",))


def test_a_case_may_set_the_endpoint_and_the_model() -> None:
    rule = {**CLAMP, "when": {"model": "real", "endpoint": "completions"}}
    case = {"endpoint": "completions", "model": "real"}
    assert list_failures({"fired": ["clamp"]}, rule, **case) == ()
    assert list_failures({"fired": ["clamp"]}, rule) != ()


def test_the_runner_uses_the_real_pipeline() -> None:
    policy = policy_of(CLAMP)
    assert Pipeline(policy).hash == policy.hash


def test_a_case_may_set_what_the_host_knows() -> None:
    when = {"headers": {"user-agent": {"contains": "codex"}}, "provider": "vllm", "thinking": "off"}
    rule = {"kind": "clamp", "when": when, "parameters": {"seed": {"value": 7}}}
    host = {"headers": {"User-Agent": "codex/1"}, "provider": "vllm", "thinking": "off"}
    assert list_failures({"request": {"seed": 7}}, rule, **host) == ()
    assert list_failures({"unchanged": True}, rule) == ()


def test_a_case_may_activate_profiles() -> None:
    rule = {"kind": "clamp", "profile": "evaluation", "parameters": {"seed": {"value": 7}}}
    assert list_failures({"request": {"seed": 7}}, rule, profiles=["evaluation"]) == ()
    assert list_failures({"unchanged": True}, rule) == ()

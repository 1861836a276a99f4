"""The compiled steps of a policy, and the outcomes that they know beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.conditions.context import EvaluationContext, RequestContext
from prompt_policy.errors import Refusal
from prompt_policy.runtime.decision import RuleOutcome
from prompt_policy.runtime.steps import EndpointPlan, build_plan, compile_rules, find_thinking_support, run_steps
from prompt_policy.wire import Endpoint, create_request
from tests.support.policies import chat, policy_of

CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
SUFFIX = {"kind": "append_suffix", "text": "Be brief."}
FILTER = {"kind": "filter_whitespace"}
REJECT = {"kind": "reject", "message": "no"}


def build(*rules: dict[str, Any], endpoint: Endpoint = "chat") -> EndpointPlan:
    return build_plan(compile_rules(policy_of(*rules)), endpoint)


def run(plan: EndpointPlan, body: dict[str, Any], outcomes: list[RuleOutcome] | None = None) -> list[RuleOutcome]:
    original = create_request(body, "chat")
    outcomes = [] if outcomes is None else outcomes
    run_steps(plan.steps, original.copy(), EvaluationContext(original, RequestContext()), outcomes)
    return outcomes


def test_a_rule_that_is_off_has_no_step() -> None:
    assert [step.rule.kind for step in build(CLAMP, {**SUFFIX, "mode": "off"}).steps] == ["clamp"]


def test_a_kind_is_skipped_by_a_constant_on_other_endpoints() -> None:
    [step] = build(SUFFIX, endpoint="completions").steps
    assert step.constant == RuleOutcome("append-suffix", "append_suffix", "skipped", reason="text completions")


def test_a_rule_for_answers_only_is_idle_by_a_constant() -> None:
    [step] = build(FILTER).steps
    assert step.constant is not None
    assert step.constant.result == "idle"


def test_rejecting_and_filtering_steps_are_listed() -> None:
    plan = build(CLAMP, FILTER, REJECT)
    assert [step.rule.kind for step in plan.rejecting] == ["clamp", "reject"]
    assert [(index, step.rule.kind) for index, step in plan.filtering] == [(1, "filter_whitespace")]


def test_known_outcomes_are_shared_between_requests() -> None:
    plan = build(SUFFIX, CLAMP)
    first, second = (run(plan, chat("Hi", temperature=0.5)) for _ in range(2))
    assert [outcome.result for outcome in first] == ["fired", "idle"]
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_a_refusal_ends_the_steps_and_is_recorded() -> None:
    outcomes: list[RuleOutcome] = []
    with pytest.raises(Refusal, match="no"):
        run(build(REJECT, CLAMP), chat("Hi"), outcomes)
    assert [(outcome.kind, outcome.result) for outcome in outcomes] == [("reject", "refused")]


def test_an_audited_refusal_does_not_end_the_steps() -> None:
    outcomes = run(build({**REJECT, "mode": "audit"}, CLAMP), chat("Hi", temperature=1))
    assert [(outcome.result, outcome.audited) for outcome in outcomes] == [("refused", True), ("fired", False)]


THINKING = {"kind": "thinking", "to": "enable_thinking", "default": "off"}


@pytest.mark.parametrize(
    ("rule", "mode", "is_used"),
    [
        (THINKING, "enforce", True),
        (THINKING, "audit", True),
        ({**THINKING, "mode": "enforce"}, "audit", True),
        ({**THINKING, "mode": "audit"}, "enforce", False),
        ({**THINKING, "mode": "off"}, "enforce", False),
        ({**THINKING, "when": {"stream": True}}, "enforce", False),
        (CLAMP, "enforce", False),
    ],
)
def test_thinking_support_is_that_of_a_rule_for_every_request(rule: dict[str, Any], mode: str, is_used: bool) -> None:
    assert (find_thinking_support(policy_of(rule, mode=mode)).default is False) is is_used


@pytest.mark.parametrize("rule", [CLAMP, FILTER, REJECT, {"kind": "stop_repetition"}])
def test_a_rule_of_an_inactive_profile_is_skipped_with_a_reason(rule: dict[str, Any]) -> None:
    plan = build({**rule, "profile": "evaluation"})
    (outcome,) = run(plan, chat("Hi", temperature=1.3))
    assert (outcome.result, outcome.reason) == ("skipped", "profile evaluation is off")
    assert (plan.rejecting, plan.filtering, plan.guarding) == ((), (), ())

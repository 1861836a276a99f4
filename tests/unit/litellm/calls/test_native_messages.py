"""Tests of policies on Messages that LiteLLM sends as they are."""

from __future__ import annotations

from typing import Any

from prompt_policy import Pipeline
from prompt_policy.conditions.context import RequestContext
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.native_messages import apply_to_native_messages
from tests.support.policies import policy_of

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}


def apply(parameters: dict[str, Any], **body: Any) -> Any:
    pipeline = Pipeline(policy_of({"name": "cap", "kind": "clamp", "parameters": parameters}))
    return apply_to_native_messages(pipeline, DeploymentCall.from_kwargs({**BODY, **body}), RequestContext())


def test_parameter_that_litellm_drops_is_reported_as_skipped() -> None:
    applied = apply({"min_p": {"value": 0.1}}, min_p=0.5)
    assert applied.body["min_p"] == 0.5
    (outcome,) = applied.decision.outcomes
    assert (outcome.result, outcome.changes) == ("skipped", ())
    assert "LiteLLM sends no parameters but Anthropic's" in outcome.reason


def test_other_changes_of_the_same_rule_remain() -> None:
    applied = apply({"min_p": {"value": 0.1}, "top_k": {"value": 5}})
    assert "min_p" not in applied.body
    assert applied.body["top_k"] == 5
    (outcome,) = applied.decision.outcomes
    assert (outcome.result, [change.path for change in outcome.changes]) == ("fired", ["top_k"])


def test_extra_body_is_not_read() -> None:
    applied = apply({"top_k": {"max": 5}}, top_k=50, extra_body={"top_k": 1})
    assert (applied.body["top_k"], applied.body["extra_body"]) == (5, {"top_k": 1})

"""The laws of clamps: a policy that loads changes nothing in its own output, on any endpoint and in any context."""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompt_policy import Pipeline, Policy, RequestContext
from prompt_policy.wire import Endpoint
from tests.support.policies import BODIES, policy_of

LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
NAMES = st.sampled_from([*LIMITS, *LIMITS, "a", "b", "stop", "o.p"])
NUMBERS = st.integers(-2, 12)
ITEMS = st.lists(st.sampled_from(["x", "y", 1, True]), min_size=1, max_size=2)
BOUNDS: st.SearchStrategy[dict[str, Any]] = (
    st.fixed_dictionaries(
        {}, optional={"min": NUMBERS, "max": NUMBERS, "default": NUMBERS, "max_of": NAMES, "minus": st.integers(0, 3)}
    )
    | st.fixed_dictionaries({}, optional={"append": ITEMS, "remove": ITEMS})
    | st.fixed_dictionaries({"rename": NAMES})
    | st.fixed_dictionaries({"value": NUMBERS | ITEMS})
    | st.fixed_dictionaries({"default": NUMBERS | ITEMS})
    | st.just({"drop": True})
)
CLAMPS = st.dictionaries(NAMES, BOUNDS, min_size=1, max_size=4)
VALUES = st.none() | NUMBERS | st.sampled_from(["x", "5", "many", [], ["x"], ["y", "x", "x"], [True, 1], {"p": 4}])
PARAMETERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*LIMITS, "a", "b", "stop", "o"), VALUES)
)


def build_policy(rules: list[dict[str, Any]]) -> Policy | None:
    """Return a policy of clamps, or None if it does not load."""
    named = [{"name": f"rule-{number}", "kind": "clamp", "parameters": keys} for number, keys in enumerate(rules)]
    try:
        policy = policy_of(*named)
    except ValidationError:
        return None
    is_valid = all(not list(later.find_conflicts(earlier)) for earlier, later in combinations(policy.rules, 2))
    return policy if is_valid else None


@pytest.mark.parametrize("endpoint", get_args(Endpoint))
@given(rules=st.lists(CLAMPS, min_size=1, max_size=2), parameters=PARAMETERS, length=st.none() | st.integers(1, 9))
def test_clamps_that_load_are_idempotent(
    endpoint: Endpoint, rules: list[dict[str, Any]], parameters: dict[str, Any], length: int | None
) -> None:
    policy = build_policy(rules)
    assume(policy is not None)
    assert policy is not None
    pipeline, context = Pipeline(policy), RequestContext(max_model_len=length)
    body = {**BODIES[endpoint], **parameters}
    before = copy.deepcopy(body)

    once = pipeline.apply(body, endpoint, context)

    assert body == before
    assert not any(outcome.result == "fault" for outcome in once.decision.outcomes)
    if once.refusal is None:
        assert (once.body is body) is (not once.decision.fired)
        again = pipeline.apply(once.body, endpoint, context)
        assert again.refusal is None, again.refusal
        assert again.body is once.body, (once.body, again.body)
        assert pipeline.can_reject(body, endpoint, lambda: context) is False
    else:
        assert pipeline.can_reject(body, endpoint, lambda: context) is True


READ: dict[Endpoint, set[str]] = {
    "chat": {"max_tokens", "max_completion_tokens"},
    "responses": {"max_output_tokens"},
    "messages": {"max_tokens"},
    "completions": {"max_tokens"},
}


@given(parameters=PARAMETERS)
def test_no_client_evades_a_token_limit_with_another_name(parameters: dict[str, Any]) -> None:
    capped = {"max_tokens": {"max": 5, "default": 5}}
    for endpoint, read in READ.items():
        applied = Pipeline(policy_of({"kind": "clamp", "parameters": capped})).apply(
            {**BODIES[endpoint], **parameters}, endpoint
        )
        if applied.refusal is None:
            present = {name: applied.body[name] for name in LIMITS if name in applied.body}
            numbers = [float(value) for value in present.values() if value is not None]
            assert numbers
            assert max(numbers) <= 5
            assert present.keys() <= read

"""The request of each arm."""

from __future__ import annotations

import json

from prompt_policy import load
from prompt_policy.bench.load.requests import DEFAULT_STREAM_OPTIONS, RequestBuilder
from prompt_policy.bench.plan import PlannedRequest
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime.resolver import PolicyResolver
from tests.support.records import URL, make_plan, make_questions

[QUESTION] = make_questions(1)
ITEM = PlannedRequest(QUESTION, 0, 77)
REFUSING = Policy.model_validate({
    "version": 1, "name": "no", "rules": [{"name": "no", "kind": "reject", "message": "not here"}],
})  # fmt: skip


def make_resolvers(policy: Policy) -> dict[str, PolicyResolver]:
    return {"on": PolicyResolver(PolicySet([policy]), policy.name)}


def test_both_arms_get_the_same_request_and_on_gets_the_policy() -> None:
    plan = make_plan(parameters={"temperature": 1.3, "max_tokens": 9}, system="Be brief.", instruction="Box it.")
    builder = RequestBuilder(plan, make_resolvers(load("deepseek-r1-distill")), "key")
    off, on = (builder.build(arm, ITEM) for arm in plan.arms)
    assert (off.url, off.headers["Authorization"]) == (f"{URL}/chat/completions", "Bearer key")
    assert json.loads(off.body) == {
        "model": "m", "messages": [{"role": "system", "content": "Be brief."},
                                   {"role": "user", "content": "q0: what?\n\nBox it."}],
        "temperature": 1.3, "max_tokens": 9, "seed": 77, "stream": True, "stream_options": DEFAULT_STREAM_OPTIONS,
    }  # fmt: skip
    assert on.original_body == off.body
    sent = json.loads(on.body)
    assert (sent["temperature"], sent["seed"]) == (0.7, 77)
    assert sent["messages"][0]["content"].startswith("Be brief.\n\nq0")


def test_a_refused_request_contains_the_reason() -> None:
    plan = make_plan()
    request = RequestBuilder(plan, make_resolvers(REFUSING)).build(plan.arms[1], ITEM)
    assert request.refusal == "not here"


def test_with_a_cold_cache_every_request_has_its_own_salt() -> None:
    plan = make_plan(cache="cold")
    builder = RequestBuilder(plan, {})
    salts = {
        json.loads(builder.build(arm, ITEM._replace(sample=n)).body)["cache_salt"] for arm in plan.arms for n in (0, 1)
    }
    assert len(salts) == 4
    warm = RequestBuilder(make_plan(), {}).build(plan.arms[0], ITEM)
    assert "cache_salt" not in json.loads(warm.body)


def test_parameters_may_be_overridden() -> None:
    plan = make_plan()
    request = RequestBuilder(plan, {}, stream_options={}).build(plan.arms[0], ITEM, max_tokens=1)
    body = json.loads(request.body)
    assert (body["max_tokens"], body["stream_options"]) == (1, {})

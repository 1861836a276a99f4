"""How each arm asks a question."""

from __future__ import annotations

import json

from prompt_policy import load
from prompt_policy.bench.arms import USAGE, Asking
from prompt_policy.bench.plan import Item
from prompt_policy.policy.document import Policy
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.policing import Policing
from tests.bench.making import URL, plan, questions

[QUESTION] = questions(1)
ITEM = Item(QUESTION, 0, 77)
REFUSING = Policy.model_validate({
    "version": 1, "name": "no", "rules": [{"name": "no", "kind": "reject", "message": "not here"}],
})  # fmt: skip


def policing(policy: Policy) -> Policing:
    return Policing(PolicySet([policy]), policy.name)


def test_off_and_on_get_the_same_request_and_only_on_is_policed() -> None:
    made = plan(parameters={"temperature": 1.3, "max_tokens": 9}, system="Be brief.", instruction="Box it.")
    asking = Asking(made, policing(load("deepseek-r1-distill")), "key")
    off, on = (asking.asked(arm, ITEM) for arm in made.arms)
    assert (off.url, off.headers["Authorization"]) == (f"{URL}/chat/completions", "Bearer key")
    assert json.loads(off.body) == {
        "model": "m", "messages": [{"role": "system", "content": "Be brief."},
                                   {"role": "user", "content": "q0: what?\n\nBox it."}],
        "temperature": 1.3, "max_tokens": 9, "seed": 77, "stream": True, "stream_options": USAGE,
    }  # fmt: skip
    assert on.came == off.body
    sent = json.loads(on.body)
    assert (sent["temperature"], sent["seed"]) == (0.7, 77)
    assert sent["messages"][0]["content"].startswith("Be brief.\n\nq0")


def test_what_a_rule_refuses_is_not_sent() -> None:
    made = plan()
    asked = Asking(made, policing(REFUSING)).asked(made.arms[1], ITEM)
    assert asked.refusal == "not here"


def test_a_cold_cache_is_one_that_no_other_request_shares() -> None:
    made = plan(cache="cold")
    asking = Asking(made, None)
    salts = {
        json.loads(asking.asked(arm, ITEM._replace(sample=n)).body)["cache_salt"] for arm in made.arms for n in (0, 1)
    }
    assert len(salts) == 4
    assert "cache_salt" not in json.loads(Asking(plan(), None).asked(made.arms[0], ITEM).body)


def test_warm_up_may_be_short() -> None:
    made = plan()
    body = json.loads(Asking(made, None, stream_options={}).asked(made.arms[0], ITEM, max_tokens=1).body)
    assert (body["max_tokens"], body["stream_options"]) == (1, {})

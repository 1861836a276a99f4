"""What a policy does to one request, as values."""

from __future__ import annotations

import json

import pytest

from prompt_policy import Pipeline, PolicySet, UsageError, load_paths
from prompt_policy.workshop.explained import answers, chosen, prompts, rules_of
from tests.support import MODEL, apply, chat, policy_of

TIDY = {"kind": "filter_whitespace"}
CHUNK = {"choices": [{"index": 0, "delta": {"content": "\n\nHi\n"}}]}


def test_the_only_policy_is_chosen_and_of_several_the_models() -> None:
    one = policy_of(TIDY)
    assert chosen(PolicySet([one]), "anything") is one
    library = load_paths([])
    assert chosen(library, MODEL).name == "deepseek-r1-distill"
    with pytest.raises(UsageError, match="is for model 'gpt'"):
        chosen(library, "gpt")


def test_each_rule_has_its_place_even_an_inherited_one() -> None:
    policies = load_paths(["deepseek-r1"])
    [policy] = policies.policies
    told = list(rules_of(Pipeline(policy).apply(chat("Hi"), "chat"), policies.files[policy.name]))
    assert [rule["rule"] for rule in told] == [rule.name for rule in policy.rules]
    assert {str(rule["file"]).rpartition("/")[2] for rule in told} == {"deepseek-r1-distill.yaml"}
    assert len({rule["line"] for rule in told}) == len(told)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("\n\nHi\n", "Hi"),
        (json.dumps({"choices": [{"index": 0, "message": {"content": "\n\nHi\n"}}]}), '"content":"Hi"'),
        (f"data: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n", '"content":"Hi"'),
    ],
)
def test_an_answer_is_read_in_any_form(data: str, read: str) -> None:
    came, went = answers(apply(TIDY, chat("Hi")), "chat", data.encode())
    assert came == data
    assert read in went


def test_without_rules_for_answers_it_stays() -> None:
    applied = apply({"kind": "strip_reasoning"}, chat("Hi"))
    assert answers(applied, "chat", b"\n\nHi\n") == ("\n\nHi\n", "\n\nHi\n")


def test_only_chats_are_rendered() -> None:
    with pytest.raises(UsageError, match="only chat requests"):
        prompts("http://127.0.0.1:9", {}, apply(TIDY, {"prompt": "Hi"}, "completions"))

"""The explanation of what a policy does to one request."""

from __future__ import annotations

import json

import pytest

from prompt_policy import Pipeline, PolicySet, UsageError, load_paths
from prompt_policy.authoring.explain import (
    explain_rules,
    explain_turn_task,
    render_prompts,
    rewrite_sample,
    select_policy,
)
from tests.support.policies import MODEL, apply, chat, policy_of

TIDY = {"kind": "filter_whitespace"}
CHUNK = {"choices": [{"index": 0, "delta": {"content": "\n\nHi\n"}}]}


def test_the_only_policy_is_selected_or_the_one_for_the_model() -> None:
    only = policy_of(TIDY)
    assert select_policy(PolicySet([only]), "anything") is only
    library = load_paths([])
    assert select_policy(library, MODEL).name == "deepseek-r1-distill"
    with pytest.raises(UsageError, match="applies to model 'gpt'"):
        select_policy(library, "gpt")


def test_each_rule_has_its_position_even_if_inherited() -> None:
    policies = load_paths(["deepseek-r1"])
    [policy] = policies.policies
    rows = list(explain_rules(Pipeline(policy).apply(chat("Hi"), "chat"), policies.source_maps[policy.name]))
    assert [row["rule"] for row in rows] == [rule.name for rule in policy.rules]
    assert {str(row["file"]).rpartition("/")[2] for row in rows} == {"deepseek-r1-distill.yaml"}
    assert len({row["line"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("\n\nHi\n", "Hi"),
        (json.dumps({"choices": [{"index": 0, "message": {"content": "\n\nHi\n"}}]}), '"content":"Hi"'),
        (f"data: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n", '"content":"Hi"'),
    ],
)
def test_an_answer_may_be_text_json_or_a_stream(data: str, expected: str) -> None:
    original, rewritten = rewrite_sample(apply(TIDY, chat("Hi")), "chat", data.encode())
    assert original == data
    assert expected in rewritten


def test_without_filters_an_answer_is_unchanged() -> None:
    applied = apply({"kind": "strip_reasoning"}, chat("Hi"))
    assert rewrite_sample(applied, "chat", b"\n\nHi\n") == ("\n\nHi\n", "\n\nHi\n")


def test_only_chat_requests_are_rendered() -> None:
    with pytest.raises(UsageError, match="renders chat requests only"):
        render_prompts("http://127.0.0.1:9", {}, apply(TIDY, {"prompt": "Hi"}, "completions"))


def test_the_sums_for_the_tasks_of_a_turn_are_explained() -> None:
    found = explain_turn_task(chat("What is 17% of 2,450?"), "chat", "math")
    assert found is not None
    assert (list(found["sums"]), found["exclusion"]) == (["math"], None)
    parts = found["sums"]["math"]["parts"]
    assert found["sums"]["math"]["sum"] == pytest.approx(sum(part["points"] for part in parts), abs=0.2)
    assert any(part["name"].startswith("signal: ") for part in parts)


@pytest.mark.parametrize("task", [None, "legal", "code"])
def test_no_sums_are_explained_if_they_did_not_decide(task: str | None) -> None:
    assert explain_turn_task(chat("What is 17% of 2,450?"), "chat", task) is None

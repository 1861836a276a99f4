"""Whether conditions can hold together."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.conditions.satisfiability import find_contradiction, find_dead_parts
from prompt_policy.conditions.when import When


def when(**keys: Any) -> When:
    return When.model_validate(keys)


def number(**keys: Any) -> dict[str, Any]:
    return {"parameters": {"temperature": keys}}


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ({"task": "math", "not": {"task": ["math", "code"]}}, "task"),
        ({"all": [{"task": "math"}, {"task": "code"}]}, "task"),
        ({"task": "math", "all": [{"any": [{"task": "code"}, {"task": "other"}]}]}, "task"),
        ({"task": "math", "not": {"any": [{"task": "code"}, {"task": "math"}]}}, "task"),
        ({"not": {"not": {"all": [{"task": "math"}, {"task": "code"}]}}}, "task"),
        ({"language": "zh", "not": {"language": "zh"}}, "language"),
        ({"all": [{"language": "zh"}, {"language": ["en", "ja"]}]}, "language"),
        ({"not": {"endpoint": ["chat", "completions", "responses", "messages"]}}, "endpoint"),
        ({"stream": True, "not": {"stream": True}}, "stream"),
        ({"stream": False, "all": [{"stream": True}]}, "stream"),
        (number(gt=1, lt=0), "parameters.temperature"),
        (number(gt=1, le=1), "parameters.temperature"),
        (number(ge=1, lt=1), "parameters.temperature"),
        (number(eq=1, ne=1), "parameters.temperature"),
        (number(eq="hot", gt=0), "parameters.temperature"),
        (number(present=False, eq=1), "parameters.temperature"),
        (number(present=False, gt=1), "parameters.temperature"),
        ({**number(gt=1), "not": number(gt=0.5)}, "parameters.temperature"),
        ({**number(present=True), "not": number(present=True)}, "parameters.temperature"),
        ({"all": [number(gt=1), number(lt=1)]}, "parameters.temperature"),
        ({"parameters": {"max_tokens": {"gt": 9}, "max_completion_tokens": {"lt": 5}}}, "parameters.max_tokens"),
        ({"metadata": {"plan": {"eq": "free", "ne": "free"}}}, "metadata.plan"),
        ({"model": "qwen3-8b", "not": {"model": "qwen*"}}, "model"),
        ({"model": "*", "not": {"model": "*"}}, "model"),
        ({"all": [{"team": "red"}, {"team": "blue"}]}, "team"),
        ({"tags": ["a"], "not": {"tags": ["a", "b"]}}, "tags"),
        ({"last_user": {"contains": "proof"}, "not": {"last_user": {"contains": "roo"}}}, "last_user"),
        ({"system": {"matches": "a+"}, "not": {"system": {"matches": "a+"}}}, "system"),
    ],
)
def test_a_contradiction_is_found_in_its_key(condition: dict[str, Any], key: str) -> None:
    assert find_contradiction(when(**condition)) == key


@pytest.mark.parametrize(
    "condition",
    [
        {"task": "math"},
        {"task": ["math", "code"], "not": {"task": "code"}},
        {"task": "legal", "not": {"task": ["math", "code", "other"]}},
        {"not": {"task": ["math", "code", "other"]}},
        {"language": ["zh", "en"], "not": {"language": "zh"}},
        {"any": [{"task": "math"}, {"task": "code"}]},
        {"endpoint": ["chat", "responses", "messages", "completions"]},
        {"stream": True, "has_tools": False, "json_mode": False, "has_system": True},
        number(gt=0, lt=1),
        number(ge=1, le=1),
        number(gt=1, lt=1.0000001),
        number(ne=0.6),
        number(ne=0.6, present=True),
        number(eq=True),
        number(eq="1", gt=0),
        {**number(gt=0), "not": number(gt=1)},
        {"not": number(gt=0, lt=1)},
        {"parameters": {"temperature": {"gt": 1}, "top_p": {"lt": 0.5}}},
        {"parameters": {"max_tokens": {"gt": 9}}, "not": {"parameters": {"max_tokens": {"gt": 100}}}},
        {"all": [{"model": "*qwen*"}, {"model": "*instruct*"}]},
        {"model": "qwen*", "not": {"model": "*vl*"}},
        {"model": ["qwen3-8b", "qwen3-vl"], "not": {"model": "*-vl"}},
        {"all": [{"tags": "a"}, {"tags": "b"}]},
        {"tags": ["a", "b"], "not": {"tags": "a"}},
        {"last_user": {"contains": ["a", "b"]}, "not": {"last_user": {"contains": "a"}}},
        {"last_user": {"contains": "a"}, "not": {"last_user": {"contains": "a", "matches": "b"}}},
        {"not": {"task": "math", "stream": True}, "task": "math"},
    ],
)
def test_a_condition_that_can_hold_has_no_contradiction(condition: dict[str, Any]) -> None:
    assert find_contradiction(when(**condition)) is None
    assert list(find_dead_parts(when(**condition))) == []


def test_several_conditions_are_examined_together() -> None:
    math, code = when(task="math"), when(task=["code", "legal"])
    assert find_contradiction(math, code) == "task"
    assert find_contradiction(math, when(stream=True)) is None
    assert find_contradiction(None, math) is None
    assert find_contradiction(None, None) is None


@pytest.mark.parametrize(
    ("condition", "paths"),
    [
        ({"any": [{"stream": True}, number(gt=1, lt=0)]}, ["any[1]"]),
        ({"stream": True, "any": [{"task": "math"}, {"stream": False}]}, ["any[1]"]),
        ({"not": number(gt=1, lt=0)}, ["not"]),
        ({"all": [{"any": [{"task": "math"}, {"task": "code"}]}, {"task": "math"}]}, ["all[0].any[1]"]),
        ({"not": {"any": [{"stream": True}, {"stream": True, "not": {"stream": True}}]}}, ["not.any[1]"]),
    ],
)
def test_a_part_that_never_holds_is_found(condition: dict[str, Any], paths: list[str]) -> None:
    assert find_contradiction(when(**condition)) is None
    assert list(find_dead_parts(when(**condition))) == paths


def test_a_condition_with_too_many_alternatives_is_taken_to_hold() -> None:
    pairs = [{"any": [{"task": f"a{n}"}, {"language": "zh"}, {"stream": True}]} for n in range(12)]
    assert find_contradiction(when(all=[*pairs, {"stream": False}, {"stream": True}])) is None

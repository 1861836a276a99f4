"""Items of a list are added and removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.policies import apply, chat, clamp


@pytest.mark.parametrize(
    ("rules", "given", "sent"),
    [
        ({"stop": {"append": ["</s>"]}}, {}, {"stop": ["</s>"]}),
        ({"stop": {"append": ["</s>"]}}, {"stop": None}, {"stop": ["</s>"]}),
        ({"stop": {"append": ["</s>", "</s>"]}}, {"stop": "a"}, {"stop": ["a", "</s>"]}),
        ({"stop": {"append": ["</s>"]}}, {"stop": ["a"]}, {"stop": ["a", "</s>"]}),
        ({"stop": {"append": ["</s>"]}}, {"stop": "</s>"}, {"stop": "</s>"}),
        ({"stop": {"remove": ["a"]}}, {"stop": ["a", "b", "a"]}, {"stop": ["b"]}),
        ({"stop": {"remove": ["a"]}}, {"stop": ["b"]}, {"stop": ["b"]}),
        ({"stop": {"remove": ["a"]}}, {"stop": "a"}, {}),
        ({"stop": {"remove": ["a"]}}, {"stop": ["a"]}, {}),
        ({"stop": {"remove": ["a"]}}, {"stop": []}, {"stop": []}),
        ({"stop": {"remove": ["a"]}}, {"stop": None}, {"stop": None}),
        ({"stop": {"append": ["b"], "remove": ["a"]}}, {"stop": "a"}, {"stop": ["b"]}),
        ({"stop_token_ids": {"append": [1]}}, {"stop_token_ids": [True]}, {"stop_token_ids": [True, 1]}),
        ({"extra.stop": {"append": ["b"]}}, {}, {"extra": {"stop": ["b"]}}),
    ],
)
def test_items_are_added_once_and_removed(rules: dict[str, Any], given: dict[str, Any], sent: dict[str, Any]) -> None:
    body = chat("Hi", **given)
    once = apply(clamp(**rules), body)
    assert once.body == chat("Hi", **sent)
    assert (once.body is body) is (given == sent)
    assert apply(clamp(**rules), once.body).body is once.body


@pytest.mark.parametrize("value", [3, True, {"a": 1}])
@pytest.mark.parametrize("keys", [{"append": ["a"]}, {"remove": ["a"]}])
def test_a_value_that_is_not_a_list_is_rejected(keys: dict[str, Any], value: Any) -> None:
    applied = apply(clamp(stop=keys), chat("Hi", stop=value))
    assert applied.refusal is not None
    assert (applied.refusal.message, applied.refusal.param) == ("stop must be a list", "stop")

"""The differences between two versions of a policy."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Pipeline
from prompt_policy.authoring.diff import diff_requests
from tests.support.policies import chat, policy_of


def clamp(**bounds: Any) -> dict[str, Any]:
    return {"name": "c", "kind": "clamp", "parameters": {"temperature": bounds}}


NO = {"name": "no", "kind": "reject", "message": "no"}
TIDY = {"name": "tidy", "kind": "filter_whitespace"}
FOLD = {"name": "fold", "kind": "fold_system"}
SUFFIX = {"name": "s", "kind": "append_suffix", "text": "A"}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ([clamp(max=0.7)], [clamp(max=0.7)], []),
        ([clamp(max=0.7)], [clamp(max=0.6)], ["temperature: 0.7 -> 0.6"]),
        ([], [clamp(drop=True)], ["temperature: 1.3 -> absent"]),
        ([], [NO], ["passes -> refused: no"]),
        ([NO], [NO, TIDY], []),
        ([], [TIDY], ["rules that filter the answer: none -> tidy"]),
        ([], [SUFFIX], ["messages[1].content: 'Hi' -> 'Hi\\nA'"]),
        ([], [FOLD], ["messages: 2 items -> 1 items"]),
    ],
)
def test_each_difference_is_a_line(before: list[dict[str, Any]], after: list[dict[str, Any]], lines: list[str]) -> None:
    body = chat(("system", "S"), "Hi", temperature=1.3)
    assert diff_requests(Pipeline(policy_of(*before)), Pipeline(policy_of(*after)), body, "chat") == lines

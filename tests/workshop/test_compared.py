"""What two versions of a policy do differently."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Pipeline
from prompt_policy.workshop.compared import compared
from tests.support import chat, policy_of


def clamp(**bounds: Any) -> dict[str, Any]:
    return {"name": "c", "kind": "clamp", "parameters": {"temperature": bounds}}


NO = {"name": "no", "kind": "reject", "message": "no"}
TIDY = {"name": "tidy", "kind": "filter_whitespace"}
FOLD = {"name": "fold", "kind": "fold_system"}
SUFFIX = {"name": "s", "kind": "append_suffix", "text": "A"}


@pytest.mark.parametrize(
    ("one", "other", "found"),
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
def test_differences(one: list[dict[str, Any]], other: list[dict[str, Any]], found: list[str]) -> None:
    body = chat(("system", "S"), "Hi", temperature=1.3)
    assert compared(Pipeline(policy_of(*one)), Pipeline(policy_of(*other)), body, "chat") == found

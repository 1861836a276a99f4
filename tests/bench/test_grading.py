"""The verdict on each request."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.bench.grading import graded, verdict_of
from tests.bench.making import never, one, record


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "correct"),
        ({"content": "\\boxed{41}"}, "wrong"),
        ({"content": "42"}, "no_answer"),
        ({"content": "<think>\\boxed{42}"}, "no_answer"),
        ({"finish": "length"}, "truncated"),
        ({"content": "\\boxed{\\sqrt{1764}}"}, "unverifiable"),
        ({"trouble": "refused"}, "no_answer"),
        ({"trouble": "timeout"}, "no_answer"),
        ({"trouble": "http", "status": 400}, "no_answer"),
        ({"trouble": "http", "status": 429}, None),
        ({"trouble": "http", "status": 503}, None),
        ({"trouble": "stream"}, None),
        ({"trouble": "connection", "status": 0}, None),
    ],
)
def test_verdicts(changed: dict[str, Any], verdict: str | None) -> None:
    assert verdict_of(one(**changed), "42", never) == verdict


def test_every_request_of_every_arm_is_graded() -> None:
    made = graded(record([one("off"), one("on"), one("on", sample=1, trouble="timeout")]), never)
    assert {arm: [row.verdict for row in rows] for arm, rows in made.items()} == {
        "off": ["correct"], "on": ["correct", "no_answer"],
    }  # fmt: skip
    assert made["on"][1].timing is None

"""What conditions look at."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Facts
from prompt_policy.conditions.situation import Situation, task_hint
from prompt_policy.wire import request_view
from tests.support import chat


@pytest.mark.parametrize(
    ("headers", "metadata", "hint"),
    [
        ({"x-prompt-policy-task": "math"}, {"task": "code"}, "math"),
        ({}, {"task": "code"}, "code"),
        ({}, {"task": 3}, None),
        ({}, {"task": ""}, None),
        ({}, None, None),
        ({"x-prompt-policy-task": ""}, {}, None),
    ],
)
def test_the_callers_word_for_the_task(headers: dict[str, str], metadata: Any, hint: str | None) -> None:
    assert task_hint(headers, metadata) == hint


def test_the_callers_word_wins() -> None:
    situation = Situation(request_view(chat("Good morning!"), "chat"), Facts(task="math"))
    assert situation.task == "math"


def test_another_turn_is_judged_by_its_own_text() -> None:
    request = request_view(chat("你好吗", ("assistant", "A"), "Good morning!"), "chat")
    situation = Situation(request, Facts(task="math"))
    assert situation.language == "en"
    first = situation.of_turn(request.turns[0], is_last=False)
    assert (first.language, first.task) == ("zh", "other")
    assert situation.of_turn(request.turns[2], is_last=True).task == "math"

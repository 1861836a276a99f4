"""What conditions look at."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import Facts
from prompt_policy.conditions.situation import Situation
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
    assert Facts.told(headers, metadata).task == hint


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [({"tags": ["a", 3, "b"]}, ("a", "b")), ({"tags": "a"}, ()), ({}, ()), (None, ()), ([1], ())],
)
def test_tags_are_texts_in_a_list(metadata: Any, tags: tuple[str, ...]) -> None:
    assert Facts.told({}, metadata).tags == tags


@pytest.mark.parametrize(
    ("header", "skips"),
    [
        ("sampling", ("sampling",)),
        ("sampling, tidy-answer ,x", ("sampling", "tidy-answer", "x")),
        ("", ()),
        ("\r\nevil: <b>", ("evil", "b")),
        ("r," * 10_000, ("r",) * 32),
    ],
)
def test_the_rules_that_a_caller_wants_to_be_spared(header: str, skips: tuple[str, ...]) -> None:
    assert Facts.told({"x-prompt-policy-skip": header}, None).skips == skips


@pytest.mark.parametrize(("allowed", "spared"), [(None, True), ((), False), (("r",), True), (("other",), False)])
def test_the_host_says_what_may_be_skipped(allowed: tuple[str, ...] | None, spared: bool) -> None:
    facts = Facts(skips=("r",), may_skip=allowed)
    assert (facts.spares("r"), facts.spares("s")) == (spared, False)


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

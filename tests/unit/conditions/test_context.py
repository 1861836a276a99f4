"""The context in which conditions are evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import RequestContext
from prompt_policy.conditions.context import EvaluationContext
from prompt_policy.wire import create_request
from tests.support.policies import chat


@pytest.mark.parametrize(
    ("headers", "metadata", "task"),
    [
        ({"x-prompt-policy-task": "math"}, {"task": "code"}, "math"),
        ({}, {"task": "code"}, "code"),
        ({}, {"task": 3}, None),
        ({}, {"task": ""}, None),
        ({}, None, None),
        ({"x-prompt-policy-task": ""}, {}, None),
    ],
)
def test_the_task_is_read_from_the_header_or_the_metadata(
    headers: dict[str, str], metadata: Any, task: str | None
) -> None:
    assert RequestContext.from_headers(headers, metadata).task == task


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [({"tags": ["a", 3, "b"]}, ("a", "b")), ({"tags": "a"}, ()), ({}, ()), (None, ()), ([1], ())],
)
def test_tags_are_the_texts_of_a_list(metadata: Any, tags: tuple[str, ...]) -> None:
    assert RequestContext.from_headers({}, metadata).tags == tags


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
def test_requested_skips_are_read_from_the_header(header: str, skips: tuple[str, ...]) -> None:
    assert RequestContext.from_headers({"x-prompt-policy-skip": header}, None).requested_skips == skips


@pytest.mark.parametrize(("allowed", "skipped"), [(None, True), ((), False), (("r",), True), (("other",), False)])
def test_the_host_limits_the_rules_that_can_be_skipped(allowed: tuple[str, ...] | None, skipped: bool) -> None:
    context = RequestContext(requested_skips=("r",), allowed_skips=allowed)
    assert (context.has_opted_out_of("r"), context.has_opted_out_of("s")) == (skipped, False)


def test_a_task_set_by_the_caller_takes_precedence() -> None:
    evaluation = EvaluationContext(create_request(chat("Good morning!"), "chat"), RequestContext(task="math"))
    assert evaluation.task == "math"


def test_another_turn_is_evaluated_by_its_own_text() -> None:
    request = create_request(chat("你好吗", ("assistant", "A"), "Good morning!"), "chat")
    evaluation = EvaluationContext(request, RequestContext(task="math"))
    assert evaluation.language == "en"
    first = evaluation.for_turn(request.turns[0], is_last=False)
    assert (first.language, first.task) == ("zh", "other")
    assert evaluation.for_turn(request.turns[2], is_last=True).task == "math"


def test_the_turns_of_one_request_share_the_search_for_dictated_forms() -> None:
    body = chat("Hi", ("assistant", "A"), "Hi again. Answer with one word.")
    context = EvaluationContext(create_request(body, "chat"), RequestContext())
    first = context.for_text("Hi", False)
    assert (first.format_dictated, context.format_dictated) == (False, True)
    assert first._find_dictated_turns() is context._find_dictated_turns()

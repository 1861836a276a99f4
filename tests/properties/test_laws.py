"""The laws that hold for every policy, over requests and answers that Hypothesis generates."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import AppliedPolicy, Pipeline, RequestContext, load, load_paths
from prompt_policy.wire.answers.chat import CHANNELS, Channel
from tests.support.policies import policy_of, read

EXAMPLES = {path.stem: Pipeline(load(path)) for path in sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))}
# Settings beyond those of the examples. A new kind needs an example, and an entry here only for further settings.
VARIANTS: dict[str, dict[str, Any]] = {
    "edit-every-text": {"kind": "edit_text", "in": ["system", "user", "assistant"], "matches": "(th|Th)?in(k|)|Hi"},
    "edit-with-a-text": {"kind": "edit_text", "in": "user", "after": "o", "matches": "l", "with": "o"},
    "edit-whole-lines": {"kind": "edit_text", "in": ["system", "user"], "matches": "[bk]$", "whole_line": True},
    "nested-parameter": {
        "kind": "clamp",
        "parameters": {"temperature": {"min": 0.5, "max": 0.7, "default": 0.6}, "a.b": {"value": 1}},
    },
    "names-and-lists": {
        "kind": "clamp",
        "parameters": {
            "max_completion_tokens": {"rename": "max_tokens"},
            "max_tokens": {"max": 2, "default": 1},
            "a": {"rename": "seed"},
            "stop": {"append": ["x"], "remove": ["Hi", ""]},
            "reasoning.max_tokens": {"max_of": "max_tokens", "minus": 1},
        },
    },
    "fold-last": {"kind": "fold_system", "into": "last_user"},
    "fold-later": {"kind": "fold_system", "which": "later"},
    "fold-first-system": {"kind": "fold_system", "into": "first_system"},
    "fold-developers": {"kind": "fold_system", "which": "none", "developer": "fold"},
    "rename-developers": {"kind": "fold_system", "which": "none", "developer": "system"},
    "merge-users": {"kind": "merge_turns", "roles": "user", "separator": "\n"},
    "prompt-prepended": {"kind": "system_prompt", "text": {"en": "Think.", "zh": "请思考。"}, "method": "prepend"},
    "prompt-appended": {"kind": "system_prompt", "text": "Think.", "method": "append"},
    "prompt-replaced": {"kind": "system_prompt", "text": "Think.", "method": "replace"},
    "instruct": {
        "kind": "force_opening",
        "text": "\n",
        "method": "instruct",
        "instruction": {"zh": "换行。", "en": "Break."},
    },
    "thinking-of-one-effort": {
        "kind": "thinking",
        "effort": {"to": "reasoning_effort", "levels": {"low": "low", "high": "max"}},
    },
    "thinking-with-a-named-mode": {
        "kind": "thinking",
        "to": "chat_template_kwargs.thinking_mode",
        "budget": "reasoning.max_tokens",
        "default": "off",
        "soft_switches": True,
    },
    "if-prefilled": {
        "kind": "clamp",
        "when": {"prefilled": True, "thinking": "on"},
        "parameters": {"continue_final_message": {"value": True}},
    },
    "suffix-every": {"kind": "append_suffix", "text": {"en": "Think.", "zh": "请思考。"}},
    "suffix-last": {"kind": "append_suffix", "text": "Think.", "to": "last_user"},
    "newline": {"kind": "force_opening", "text": "\n"},
    "opened-by-template": {"kind": "force_opening", "text": "<think>\n", "method": "template"},
}
PIPELINES = {**EXAMPLES, **{name: Pipeline(policy_of(rule)) for name, rule in VARIANTS.items()}}
SHIPPED = {policy.name: Pipeline(policy) for policy in load_paths([]).policies}
EACH_PIPELINE = pytest.mark.parametrize("pipeline", {**PIPELINES, **SHIPPED}.values(), ids=[*PIPELINES, *SHIPPED])

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["", "0.6", "hot", "none"])
TEXTS = st.sampled_from(
    [
        "",
        "Hi",
        "你好",
        "Think.",
        "<think>a</think>\n\nb",
        "<think>a",
        "a</think>b",
        "Solve x + 1 = 2",
        "Answer with one word.",
        "写一个Python函数",
        "\n",
    ]
)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
    | st.sampled_from([{"type": "image_url", "image_url": {"url": "x"}}, {"type": "refusal", "refusal": "No."}])
    | SCALARS,
    max_size=3,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "developer", "user", "user", "assistant", "tool", "other", None, 3]),
            "content": TEXTS | TEXTS | PARTS | SCALARS,
        },
        optional={"reasoning": TEXTS, "tool_calls": st.just([{"id": "1"}]), "name": st.sampled_from(["n", "m"])},
    )
    | SCALARS,
    max_size=6,
)
BODIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": MESSAGES | SCALARS},
    optional={
        "temperature": SCALARS,
        "a": SCALARS | st.dictionaries(st.sampled_from(["b", "c"]), SCALARS),
        "max_tokens": SCALARS,
        "max_completion_tokens": SCALARS,
        "max_output_tokens": SCALARS,
        "stop": SCALARS | st.lists(st.sampled_from(["Hi", "x", "", 3]), max_size=3),
        "stream": SCALARS,
        "tools": st.sampled_from([None, [], [{}]]),
        "response_format": st.sampled_from([None, {"type": "json_object"}, 3]),
        "logprobs": SCALARS,
        "chat_template_kwargs": st.sampled_from([None, 3, {"enable_thinking": False}]),
        "continue_final_message": SCALARS,
        "reasoning_effort": st.sampled_from([None, "none", "low", "xhigh", 3]),
        "thinking": st.sampled_from([None, False, {"type": "enabled", "budget_tokens": 9}, {"type": "disabled"}]),
        "reasoning": st.sampled_from([None, 3, {"enabled": True}, {"effort": "max"}, {"max_tokens": 0}]),
    },
)


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values have the same JSON text: NaN is NaN, and true is not 1."""
    return repr(one) == repr(other)


@EACH_PIPELINE
@given(body=BODIES)
def test_1_applying_a_policy_twice_changes_nothing(pipeline: Pipeline, body: dict[str, Any]) -> None:
    once = pipeline.apply(body, "chat")
    if once.refusal is None:
        # A host passes its task to the next one, which otherwise would classify the folded text.
        again = pipeline.apply(once.body, "chat", RequestContext(task=once.decision.task))
        assert again.refusal is None
        assert again.body is once.body


@EACH_PIPELINE
@given(body=BODIES)
def test_3_input_and_untouched_values_are_preserved(pipeline: Pipeline, body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    applied = pipeline.apply(body, "chat")
    assert is_same(body, before)
    touched = {change.path.partition(".")[0] for outcome in applied.decision.outcomes for change in outcome.changes}
    if not touched or applied.refusal is not None:
        assert applied.body is body
    for key, value in body.items():
        if key not in touched:
            assert applied.body[key] is value
    assert set(applied.body) - set(body) <= touched


@EACH_PIPELINE
@given(body=BODIES)
def test_7_decision_lists_every_change_and_no_rule_fails(pipeline: Pipeline, body: dict[str, Any]) -> None:
    applied = pipeline.apply(body, "chat")
    assert not any(outcome.result == "fault" for outcome in applied.decision.outcomes)
    assert (applied.body is body) is (not applied.decision.fired or applied.refusal is not None)


ANSWERS = st.lists(
    st.tuples(st.sampled_from(CHANNELS), st.text(st.sampled_from("ab <>/`\n\t\r think"), max_size=8)), max_size=6
)


@EACH_PIPELINE
@given(answer=ANSWERS, data=st.data(), parsed=st.booleans())
def test_2_filtered_text_does_not_depend_on_the_cuts(
    pipeline: Pipeline, answer: list[tuple[Channel, str]], data: st.DataObject, parsed: bool
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.6}
    applied = pipeline.apply(body, "chat", RequestContext(has_reasoning_parser=parsed))
    cut: list[tuple[Channel, str]] = []
    for channel, text in answer:
        at = data.draw(st.integers(0, len(text)))
        cut += [(channel, text[:at]), (channel, text[at:])]
    characters = [(channel, character) for channel, text in answer for character in text]
    assert read(applied, *answer) == read(applied, *cut) == read(applied, *characters)


@EACH_PIPELINE
@given(answer=ANSWERS)
def test_2_text_within_a_line_passes_without_effect_on_state(
    pipeline: Pipeline, answer: list[tuple[Channel, str]]
) -> None:
    applied = pipeline.apply({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, "chat")
    complete, shortcut = applied.create_filters(), applied.create_filters()
    for channel, text in answer if complete else ():
        assert complete is not None
        assert shortcut is not None
        is_within_line = bool(text) and "\n" not in text and text[-1] not in " \t\r"
        out = complete.feed(0, channel, text)
        if is_within_line and shortcut.can_pass_through(0, channel):
            assert out == text
        else:
            assert shortcut.feed(0, channel, text) == out
    if complete and shortcut:
        assert all(complete.flush(0, channel) == shortcut.flush(0, channel) for channel in CHANNELS)


OPENING_TAGS = ("<think>", "<thought>")


@EACH_PIPELINE
@given(answer=ANSWERS)
def test_2_no_visible_character_is_delayed(pipeline: Pipeline, answer: list[tuple[Channel, str]]) -> None:
    """The exception is a piece of an opening's tag after whitespace, as long as it may become the tag."""
    applied = pipeline.apply({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, "chat")
    texts = applied.create_filters()
    fed, out = dict.fromkeys(CHANNELS, ""), dict.fromkeys(CHANNELS, "")
    for channel, text in answer if texts else ():
        assert texts is not None
        fed[channel] += "".join(text.split())
        out[channel] += "".join(texts.feed(0, channel, text).split())
        if out[channel] not in [opening + fed[channel] for opening in ("", *OPENING_TAGS)]:
            assert channel == "content"
            assert any(tag.startswith(fed[channel]) for tag in OPENING_TAGS)
            assert fed[channel].startswith(out[channel])


@pytest.mark.parametrize("task", [None, "math", "other"])
@pytest.mark.parametrize("pipeline", SHIPPED.values(), ids=list(SHIPPED))
def test_1_second_host_with_the_same_task_changes_nothing(pipeline: Pipeline, task: str | None) -> None:
    messages = [{"role": "system", "content": "Write Python."}, {"role": "user", "content": "Solve x + 1 = 2"}]
    once = pipeline.apply({"model": "m", "messages": messages}, "chat", RequestContext(task=task))
    assert pipeline.apply(once.body, "chat", RequestContext(task=task)).body is once.body


def test_5_request_and_answer_belong_to_one_pipeline() -> None:
    pipeline = PIPELINES["force_opening"]
    applied: AppliedPolicy = pipeline.apply({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, "chat")
    assert applied.pipeline is pipeline
    assert applied.decision.hash == pipeline.hash


@EACH_PIPELINE
@given(body=BODIES)
def test_audit_changes_nothing_and_reports_what_it_would_change(pipeline: Pipeline, body: dict[str, Any]) -> None:
    enforced = pipeline.apply(body, "chat")
    audited = Pipeline(pipeline.policy.model_copy(update={"mode": "audit"})).apply(body, "chat")
    assert (audited.body is body, audited.refusal, audited.decision.fired) == (True, None, ())

    reported = [outcome.rule for outcome in audited.decision.outcomes if outcome.result in ("fired", "refused")]
    applied = [outcome.rule for outcome in enforced.decision.outcomes if outcome.result in ("fired", "refused")]
    assert reported[:1] == applied[:1], "the first rule that acts gets the original request in both modes"
    assert audited.create_filters() is None

"""The laws that every policy keeps, over requests and answers that hypothesis makes up."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import Applied, Facts, Pipeline, load_paths
from prompt_policy.wire.answer import CHANNELS, Channel
from tests.support import policy_of, read

KINDS: dict[str, dict[str, Any]] = {
    "clamp": {"parameters": {"temperature": {"min": 0.5, "max": 0.7, "default": 0.6}, "a.b": {"value": 1}}},
    "fold_system": {"into": "first_user"},
    "append_suffix": {"text": {"en": "Think.", "zh": "请思考。"}},
    "force_opening": {"text": "<think>\n"},
    "filter_whitespace": {"max_blank_lines": 1},
    "strip_reasoning": {},
    "reject": {"message": "no", "when": {"parameters": {"temperature": 0}}},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "fold-last": {"kind": "fold_system", "into": "last_user"},
    "instruct": {
        "kind": "force_opening",
        "text": "\n",
        "method": "instruct",
        "instruction": {"zh": "换行。", "en": "Break."},
    },
    "suffix-last": {"kind": "append_suffix", "text": "Think.", "to": "last_user"},
    "newline": {"kind": "force_opening", "text": "\n"},
}
RULES: dict[str, dict[str, Any]] = {**{kind: {"kind": kind, **keys} for kind, keys in KINDS.items()}, **VARIANTS}
PIPELINES = {name: Pipeline(policy_of(rule)) for name, rule in RULES.items()}
SHIPPED = {policy.name: Pipeline(policy) for policy in load_paths([]).policies}
EVERY = pytest.mark.parametrize("pipeline", {**PIPELINES, **SHIPPED}.values(), ids=[*PIPELINES, *SHIPPED])

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
        "写一个Python函数",
        "\n",
    ]
)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
    | st.just({"type": "image_url", "image_url": {"url": "x"}})
    | SCALARS,
    max_size=3,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "developer", "user", "user", "assistant", "tool", "other", None, 3]),
            "content": TEXTS | TEXTS | PARTS | SCALARS,
        },
        optional={"reasoning": TEXTS, "tool_calls": st.just([{"id": "1"}]), "name": st.just("n")},
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
        "stream": SCALARS,
        "tools": st.sampled_from([None, [], [{}]]),
        "response_format": st.sampled_from([None, {"type": "json_object"}, 3]),
        "logprobs": SCALARS,
        "chat_template_kwargs": st.sampled_from([None, 3, {"enable_thinking": False}]),
        "continue_final_message": SCALARS,
    },
)


def same(one: Any, other: Any) -> bool:
    """Compare as JSON texts compare: NaN is NaN, and true is not 1."""
    return repr(one) == repr(other)


@EVERY
@given(body=BODIES)
def test_1_applied_to_its_own_output_it_changes_nothing(pipeline: Pipeline, body: dict[str, Any]) -> None:
    once = pipeline.apply(body, "chat")
    if once.refusal is None:
        # A host tells its verdict to the next one, which otherwise would judge the folded text anew.
        again = pipeline.apply(once.body, "chat", Facts(task=once.decision.task))
        assert again.refusal is None
        assert again.body is once.body


@EVERY
@given(body=BODIES)
def test_3_the_input_is_untouched_and_so_is_what_no_rule_touched(pipeline: Pipeline, body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    applied = pipeline.apply(body, "chat")
    assert same(body, before)
    touched = {change.path.partition(".")[0] for outcome in applied.decision.outcomes for change in outcome.changes}
    if not touched or applied.refusal is not None:
        assert applied.body is body
    for key, value in body.items():
        if key not in touched:
            assert applied.body[key] is value
    assert set(applied.body) - set(body) <= touched


@EVERY
@given(body=BODIES)
def test_7_what_changed_is_in_the_decision_and_no_fault_ever(pipeline: Pipeline, body: dict[str, Any]) -> None:
    applied = pipeline.apply(body, "chat")
    assert not any(outcome.result == "fault" for outcome in applied.decision.outcomes)
    assert (applied.body is body) is (not applied.decision.fired or applied.refusal is not None)


ANSWERS = st.lists(
    st.tuples(st.sampled_from(CHANNELS), st.text(st.sampled_from("ab <>/`\n\t\r think"), max_size=8)), max_size=6
)


@EVERY
@given(answer=ANSWERS, data=st.data(), parsed=st.booleans())
def test_2_what_the_client_reads_does_not_depend_on_the_cuts(
    pipeline: Pipeline, answer: list[tuple[Channel, str]], data: st.DataObject, parsed: bool
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.6}
    applied = pipeline.apply(body, "chat", Facts(has_reasoning_parser=parsed))
    cut: list[tuple[Channel, str]] = []
    for channel, text in answer:
        at = data.draw(st.integers(0, len(text)))
        cut += [(channel, text[:at]), (channel, text[at:])]
    characters = [(channel, character) for channel, text in answer for character in text]
    assert read(applied, *answer) == read(applied, *cut) == read(applied, *characters)


@EVERY
@given(answer=ANSWERS)
def test_2_text_within_a_line_passes_a_calm_filter_without_a_trace(
    pipeline: Pipeline, answer: list[tuple[Channel, str]]
) -> None:
    applied = pipeline.apply({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, "chat")
    shown, spared = applied.answer(), applied.answer()
    for channel, text in answer if shown else ():
        assert shown is not None
        assert spared is not None
        within = bool(text) and "\n" not in text and text[-1] not in " \t\r"
        out = shown.feed(0, channel, text)
        if within and spared.is_calm(0, channel):
            assert out == text
        else:
            assert spared.feed(0, channel, text) == out
    if shown and spared:
        assert shown.flush(0) == spared.flush(0)


@EVERY
@given(answer=ANSWERS)
def test_2_no_visible_character_is_delayed(pipeline: Pipeline, answer: list[tuple[Channel, str]]) -> None:
    applied = pipeline.apply({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, "chat")
    texts = applied.answer()
    opened = "<think>"
    for channel, text in answer if texts else ():
        assert texts is not None
        out = "".join(texts.feed(0, channel, text).split())
        assert out in ("".join(text.split()), opened + "".join(text.split()))


@pytest.mark.parametrize("task", [None, "math", "other"])
@pytest.mark.parametrize("pipeline", SHIPPED.values(), ids=list(SHIPPED))
def test_1_a_second_host_that_is_told_the_task_changes_nothing(pipeline: Pipeline, task: str | None) -> None:
    messages = [{"role": "system", "content": "Write Python."}, {"role": "user", "content": "Solve x + 1 = 2"}]
    once = pipeline.apply({"model": "m", "messages": messages}, "chat", Facts(task=task))
    assert pipeline.apply(once.body, "chat", Facts(task=task)).body is once.body


def test_5_a_request_and_its_answer_belong_to_one_pipeline() -> None:
    pipeline = PIPELINES["force_opening"]
    applied: Applied = pipeline.apply({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, "chat")
    assert applied.pipeline is pipeline
    assert applied.decision.hash == pipeline.hash


@EVERY
@given(body=BODIES)
def test_audit_changes_no_byte_and_tells_what_it_would_have_changed(pipeline: Pipeline, body: dict[str, Any]) -> None:
    enforced = pipeline.apply(body, "chat")
    audited = Pipeline(pipeline.policy.model_copy(update={"mode": "audit"})).apply(body, "chat")
    assert (audited.body is body, audited.refusal, audited.decision.fired) == (True, None, ())

    told = [outcome.rule for outcome in audited.decision.outcomes if outcome.result in ("fired", "refused")]
    acted = [outcome.rule for outcome in enforced.decision.outcomes if outcome.result in ("fired", "refused")]
    assert told[:1] == acted[:1], "the first that acts meets the request as it came in both"
    assert audited.answer() is None

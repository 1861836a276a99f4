"""The pipeline: rules in file order, conditions on the request as it came, modes, faults."""

from __future__ import annotations

import copy
import json
import logging
from typing import Any

import pytest

from prompt_policy import Facts, Pipeline
from prompt_policy.errors import Fault
from prompt_policy.kinds.base import Admits, FilterChoice, Rule, Sent, Skip, Transform
from prompt_policy.wire import Request
from tests.support import chat, content, policy_of

COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"max": 0.7}}}
PIN = {
    "kind": "clamp",
    "name": "pin",
    "when": {"parameters": {"temperature": {"gt": 1}}},
    "parameters": {"temperature": {"value": 0.6}},
}
NO = {"kind": "reject", "name": "no", "message": "no"}
TIDY = {"kind": "filter_whitespace", "name": "tidy"}


def test_rules_run_in_file_order_and_conditions_see_the_request_as_it_came() -> None:
    applied = Pipeline(policy_of(COOL, PIN)).apply(chat("Hi", temperature=1.3), "chat")
    assert applied.body["temperature"] == 0.6
    assert applied.decision.fired == ("cool", "pin")


def test_a_rule_sees_the_work_of_the_rules_before_it() -> None:
    applied = Pipeline(policy_of({**PIN, "when": None}, COOL)).apply(chat("Hi", temperature=1.3), "chat")
    assert applied.decision.fired == ("pin",)


def test_nothing_is_silent() -> None:
    body = chat("Hi", temperature=1.3, tools=[{}])
    opening = {"kind": "force_opening", "name": "open", "text": "x"}
    applied = Pipeline(policy_of(COOL, {**PIN, "when": {"stream": True}}, opening, TIDY)).apply(body, "chat")
    assert [(o.rule, o.result, o.reason, o.filters_answer) for o in applied.decision.outcomes] == [
        ("cool", "fired", None, False),
        ("pin", "idle", "its condition does not hold", False),
        ("open", "skipped", "tools", False),
        ("tidy", "idle", None, True),
    ]


def test_a_refusal_stops_there_and_is_in_the_decision() -> None:
    applied = Pipeline(policy_of(COOL, NO, PIN)).apply(body := chat("Hi", temperature=1.3), "chat")
    assert applied.refusal is not None
    assert applied.body is body
    assert [o.result for o in applied.decision.outcomes] == ["fired", "refused"]


@pytest.mark.parametrize("mode", ["audit", "off"])
def test_a_policy_that_does_not_enforce_changes_nothing(mode: str) -> None:
    body = chat("Hi", temperature=1.3)
    applied = Pipeline(policy_of(COOL, NO, TIDY, mode=mode)).apply(body, "chat")
    assert applied.body is body
    assert applied.refusal is None
    assert content(applied, "\n", "a\n") == "\na\n"
    assert applied.decision.fired == ()


def test_an_audited_rule_is_in_the_record_and_not_in_the_headers() -> None:
    applied = Pipeline(policy_of({**COOL, "mode": "audit"}, {**NO, "mode": "audit"})).apply(
        chat("Hi", temperature=1.3), "chat"
    )
    rules = json.loads(applied.decision.record())["rules"]
    assert [(told["rule"], told["kind"], told["result"], told["mode"]) for told in rules] == [
        ("cool", "clamp", "fired", "audit"),
        ("no", "reject", "refused", "audit"),
    ]
    assert set(applied.decision.headers()) == {"x-prompt-policy"}


def test_a_rules_own_mode_wins() -> None:
    policy = policy_of({**COOL, "mode": "enforce"}, {**PIN, "name": "other"}, mode="audit")
    applied = Pipeline(policy).apply(chat("Hi", temperature=1.3), "chat")
    assert applied.body["temperature"] == 0.7


def test_a_rule_that_is_off_is_not_there() -> None:
    applied = Pipeline(policy_of({**NO, "mode": "off"})).apply(chat("Hi"), "chat")
    assert applied.decision.outcomes == []


def test_an_audited_prefill_is_not_put_back() -> None:
    opening = {"kind": "force_opening", "text": "<think>\n", "mode": "audit"}
    assert content(Pipeline(policy_of(opening)).apply(chat("Hi"), "chat"), "Hello") == "Hello"


def test_the_real_model_is_in_the_decision() -> None:
    applied = Pipeline(policy_of(COOL)).apply(chat("Hi"), "chat", Facts(model="real"))
    assert applied.decision.model == "real"


@pytest.mark.parametrize(
    ("may_skip", "allowed", "temperature", "not_spared"),
    [
        (True, None, 1.3, ()),
        (True, ("cool",), 1.3, ()),
        (True, (), 0.7, ("cool",)),
        (False, None, 0.7, ("cool",)),
    ],
)
def test_a_caller_is_spared_a_rule_only_where_rule_and_host_let_him(
    may_skip: bool, allowed: tuple[str, ...] | None, temperature: float, not_spared: tuple[str, ...]
) -> None:
    facts = Facts(skips=("cool",), may_skip=allowed)
    pipeline = Pipeline(policy_of({**COOL, "name": "cool", "may_skip": may_skip}))

    applied = pipeline.apply(chat("Hi", temperature=1.3), "chat", facts)

    assert applied.body["temperature"] == temperature
    assert applied.decision.not_spared == not_spared
    assert json.loads(applied.decision.record()).get("not_spared", []) == list(not_spared)


def test_a_filter_that_is_skipped_is_not_there() -> None:
    tidy = {"kind": "filter_whitespace", "name": "tidy", "may_skip": True}
    applied = Pipeline(policy_of(tidy)).apply(chat("Hi"), "chat", Facts(skips=("tidy",)))
    assert (applied.answer(), applied.decision.outcomes[0].reason) == (None, "the caller opted out")


def test_a_policys_own_tasks_are_told() -> None:
    rule = {"kind": "append_suffix", "text": "Cite.", "when": {"task": "legal"}}
    pipeline = Pipeline(policy_of(rule, tasks={"legal": {"any": ["contract"]}}))
    applied = pipeline.apply(chat("This contract", ("assistant", "A"), "And that?"), "chat")
    assert [m["content"] for m in applied.body["messages"]] == ["This contract\nCite.", "A", "And that?"]


class Broken(Rule):
    """A rule with a fault, where it is told."""

    where: str

    def transform(self) -> Transform:
        def transform(request: Request, _admits: Admits) -> Skip | None:
            if self.where == "transform":
                raise KeyError(request.last_user_text)
            return None

        return transform

    def filter(self) -> FilterChoice:
        class BrokenFilter:
            def feed(self, _channel: str, text: str) -> str:
                raise KeyError(text)

            flush = feed

        def choose(_sent: Sent) -> Any:
            return BrokenFilter if self.where == "filter" else None

        return choose


pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # Broken is no shipped kind


def broken(where: str, on_error: str) -> Pipeline:
    rule = Broken(name="broken", kind="broken", where=where)
    return Pipeline(policy_of(COOL, on_error=on_error).model_copy(update={"rules": (rule,)}))


def test_a_fault_refuses_the_request(caplog: pytest.LogCaptureFixture) -> None:
    applied = broken("transform", "closed").apply(chat("a secret prompt"), "chat")
    assert isinstance(applied.refusal, Fault)
    assert applied.refusal.status == 500
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_a_fault_passes_the_request_unchanged_where_the_policy_says_open(caplog: pytest.LogCaptureFixture) -> None:
    body = chat("Hi")
    applied = broken("transform", "open").apply(body, "chat")
    assert applied.body is body
    assert applied.refusal is None
    assert applied.decision.outcomes[-1].result == "fault"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_fault_in_an_answer_ends_it() -> None:
    texts = broken("filter", "closed").apply(chat("Hi"), "chat").answer()
    assert texts is not None
    with pytest.raises(Fault):
        texts.feed(0, "content", "Hello")


def test_a_fault_in_an_answer_lets_the_rest_through_where_the_policy_says_open() -> None:
    assert content(broken("filter", "open").apply(chat("Hi"), "chat"), "Hel", "lo") == "Hello"


def test_answers_pass_untouched_where_no_rule_is_for_them() -> None:
    assert Pipeline(policy_of(COOL)).apply(chat("Hi"), "chat").answer() is None


def test_a_pipeline_is_shared_and_each_request_is_its_own() -> None:
    pipeline = Pipeline(policy_of(COOL, TIDY))
    first, second = (pipeline.apply(chat("Hi"), "chat") for _ in range(2))
    one, two = first.answer(), second.answer()
    assert one is not None
    assert two is not None
    assert one.feed(0, "content", "a\n\n") == "a"
    assert two.feed(0, "content", "\nb") == "b"
    assert one.feed(0, "content", "c") == "\n\nc"


def test_the_input_is_never_changed() -> None:
    body = chat(("system", "S"), "Solve 3x - 7 = 20 for x.", temperature=1.3)
    before = copy.deepcopy(body)
    Pipeline(policy_of({"kind": "fold_system"}, COOL, {"kind": "append_suffix", "text": "!"})).apply(body, "chat")
    assert body == before


@pytest.mark.parametrize(
    ("rule", "body", "may"),
    [
        ({"kind": "clamp", "parameters": {"temperature": {"max": 1}}}, {"temperature": "hot"}, True),
        ({"kind": "clamp", "parameters": {"temperature": {"max": 1}}}, {"temperature": 3}, False),
        ({"kind": "clamp", "parameters": {"a.b": {"value": 1}}}, {"a": 3}, True),
        ({"kind": "clamp", "parameters": {"temperature": {"value": 1}}}, {"temperature": "hot"}, False),
        ({"kind": "reject", "message": "no"}, {}, True),
        ({"kind": "reject", "message": "no", "when": {"has_tools": True}}, {}, False),
        ({"kind": "reject", "message": "no", "mode": "audit"}, {}, False),
        ({"kind": "fold_system"}, {"messages": [{"role": "system", "content": "a"}]}, False),
    ],
)
def test_what_may_be_refused_is_told_before(rule: dict[str, Any], body: dict[str, Any], may: bool) -> None:
    pipeline = Pipeline(policy_of(rule))
    assert pipeline.may_refuse(body, "chat", Facts()) is may
    assert (pipeline.apply(body, "chat").refusal is not None) is may

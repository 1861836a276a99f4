"""The pipeline: order of rules, conditions on the original request, modes, internal errors."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from prompt_policy import Pipeline, RequestContext, load
from prompt_policy.errors import InternalError
from prompt_policy.kinds.base import Filter, FilterContext, FilterSelector, Rule, Skip, Transform, TurnPredicate
from prompt_policy.wire import Request
from tests.support.policies import chat, content, policy_of

COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"max": 0.7}}}
PIN = {
    "kind": "clamp",
    "name": "pin",
    "when": {"parameters": {"temperature": {"gt": 1}}},
    "parameters": {"temperature": {"value": 0.6}},
}
NO = {"kind": "reject", "name": "no", "message": "no"}
STRIP = {"kind": "filter_whitespace", "name": "tidy"}


def test_conditions_see_the_original_request() -> None:
    applied = Pipeline(policy_of(COOL, PIN)).apply(chat("Hi", temperature=1.3), "chat")
    assert applied.body["temperature"] == 0.6
    assert applied.decision.fired == ("cool", "pin")


def test_rule_sees_changes_of_earlier_rules() -> None:
    applied = Pipeline(policy_of({**COOL, "name": "pin", "parameters": {"temperature": {"value": 0.6}}}, COOL)).apply(
        chat("Hi", temperature=1.3), "chat"
    )
    assert applied.decision.fired == ("pin",)


def test_every_rule_has_an_outcome() -> None:
    body = chat("Hi", temperature=1.3, tools=[{}])
    opening = {"kind": "force_opening", "name": "open", "text": "x"}
    applied = Pipeline(policy_of(COOL, {**PIN, "when": {"stream": True}}, opening, STRIP)).apply(body, "chat")
    assert [(o.rule, o.result, o.reason, o.filters_answer) for o in applied.decision.outcomes] == [
        ("cool", "fired", None, False),
        ("pin", "idle", "its condition does not hold", False),
        ("open", "skipped", "tools", False),
        ("tidy", "idle", None, True),
    ]


def test_refusal_stops_the_rules_and_is_recorded() -> None:
    applied = Pipeline(policy_of(COOL, NO, PIN)).apply(body := chat("Hi", temperature=1.3), "chat")
    assert applied.refusal is not None
    assert applied.body is body
    assert [o.result for o in applied.decision.outcomes] == ["fired", "refused"]


@pytest.mark.parametrize("mode", ["audit", "off"])
def test_policy_that_is_not_enforced_changes_nothing(mode: str) -> None:
    body = chat("Hi", temperature=1.3)
    applied = Pipeline(policy_of(COOL, NO, STRIP, mode=mode)).apply(body, "chat")
    assert applied.body is body
    assert applied.refusal is None
    assert content(applied, "\n", "a\n") == "\na\n"
    assert applied.decision.fired == ()


def test_audited_rule_is_recorded_but_not_in_headers() -> None:
    applied = Pipeline(policy_of({**COOL, "mode": "audit"}, {**NO, "mode": "audit"})).apply(
        chat("Hi", temperature=1.3), "chat"
    )
    rules = json.loads(applied.decision.record())["rules"]
    assert [(told["rule"], told["kind"], told["result"], told["mode"]) for told in rules] == [
        ("cool", "clamp", "fired", "audit"),
        ("no", "reject", "refused", "audit"),
    ]
    assert set(applied.decision.headers()) == {"x-prompt-policy"}


def test_mode_of_a_rule_overrides_the_policy() -> None:
    policy = policy_of({**COOL, "mode": "enforce"}, {**PIN, "name": "other"}, mode="audit")
    applied = Pipeline(policy).apply(chat("Hi", temperature=1.3), "chat")
    assert applied.body["temperature"] == 0.7


def test_rule_that_is_off_has_no_outcome() -> None:
    applied = Pipeline(policy_of({**NO, "mode": "off"})).apply(chat("Hi"), "chat")
    assert applied.decision.outcomes == []


def test_audited_prefill_is_not_restored() -> None:
    opening = {"kind": "force_opening", "text": "<think>\n", "mode": "audit"}
    assert content(Pipeline(policy_of(opening)).apply(chat("Hi"), "chat"), "Hello") == "Hello"


def test_decision_names_the_real_model() -> None:
    applied = Pipeline(policy_of(COOL)).apply(chat("Hi"), "chat", RequestContext(model="real"))
    assert applied.decision.model == "real"


@pytest.mark.parametrize(
    ("may_skip", "allowed", "temperature", "denied_skips"),
    [
        (True, None, 1.3, ()),
        (True, ("cool",), 1.3, ()),
        (True, (), 0.7, ("cool",)),
        (False, None, 0.7, ("cool",)),
    ],
)
def test_rule_is_skipped_only_if_rule_and_host_allow_it(
    may_skip: bool, allowed: tuple[str, ...] | None, temperature: float, denied_skips: tuple[str, ...]
) -> None:
    context = RequestContext(requested_skips=("cool",), allowed_skips=allowed)
    pipeline = Pipeline(policy_of({**COOL, "name": "cool", "may_skip": may_skip}))

    applied = pipeline.apply(chat("Hi", temperature=1.3), "chat", context)

    assert applied.body["temperature"] == temperature
    assert applied.decision.denied_skips == denied_skips
    assert json.loads(applied.decision.record()).get("denied_skips", []) == list(denied_skips)


def test_skipped_filter_is_not_created() -> None:
    tidy = {"kind": "filter_whitespace", "name": "tidy", "may_skip": True}
    applied = Pipeline(policy_of(tidy)).apply(chat("Hi"), "chat", RequestContext(requested_skips=("tidy",)))
    assert (applied.create_filters(), applied.decision.outcomes[0].reason) == (None, "the caller opted out")


def test_custom_tasks_are_detected() -> None:
    rule = {"kind": "append_suffix", "text": "Cite.", "when": {"task": "legal"}}
    pipeline = Pipeline(policy_of(rule, tasks={"legal": {"any": ["contract"]}}))
    applied = pipeline.apply(chat("This contract", ("assistant", "A"), "And that?"), "chat")
    assert [m["content"] for m in applied.body["messages"]] == ["This contract\nCite.", "A", "And that?"]


class Broken(Rule):
    """A rule that fails at the place named by ``where``."""

    where: str

    def transform(self) -> Transform:
        def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
            if self.where == "transform":
                raise KeyError(request.last_user_text)
            return None

        return transform

    def filter(self) -> FilterSelector:
        class BrokenFilter(Filter):
            def feed(self, _channel: str, text: str) -> str:
                raise KeyError(text)

        def choose(_sent: FilterContext) -> Any:
            return BrokenFilter if self.where == "filter" else None

        return choose


pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # Broken is not a shipped kind


def broken(where: str, on_error: str) -> Pipeline:
    rule = Broken(name="broken", kind="broken", where=where)
    return Pipeline(policy_of(COOL, on_error=on_error).model_copy(update={"rules": (rule,)}))


def test_internal_error_refuses_the_request(caplog: pytest.LogCaptureFixture) -> None:
    applied = broken("transform", "closed").apply(chat("a secret prompt"), "chat")
    assert isinstance(applied.refusal, InternalError)
    assert applied.refusal.status == 500
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_internal_error_passes_the_request_if_open(caplog: pytest.LogCaptureFixture) -> None:
    body = chat("Hi")
    applied = broken("transform", "open").apply(body, "chat")
    assert applied.body is body
    assert applied.refusal is None
    assert applied.decision.outcomes[-1].result == "fault"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_internal_error_ends_the_answer() -> None:
    filters = broken("filter", "closed").apply(chat("Hi"), "chat").create_filters()
    assert filters is not None
    with pytest.raises(InternalError):
        filters.feed(0, "content", "Hello")


def test_internal_error_passes_the_answer_if_open() -> None:
    assert content(broken("filter", "open").apply(chat("Hi"), "chat"), "Hel", "lo") == "Hello"


def test_without_filters_answers_pass_unchanged() -> None:
    assert Pipeline(policy_of(COOL)).apply(chat("Hi"), "chat").create_filters() is None


def test_requests_do_not_share_filter_state() -> None:
    pipeline = Pipeline(policy_of(COOL, STRIP))
    first, second = (pipeline.apply(chat("Hi"), "chat") for _ in range(2))
    one, two = first.create_filters(), second.create_filters()
    assert one is not None
    assert two is not None
    assert one.feed(0, "content", "a\n\n") == "a"
    assert two.feed(0, "content", "\nb") == "b"
    assert one.feed(0, "content", "c") == "\n\nc"


def test_input_is_never_changed() -> None:
    body = chat(("system", "S"), "Solve 3x - 7 = 20 for x.", temperature=1.3)
    before = copy.deepcopy(body)
    Pipeline(policy_of({"kind": "fold_system"}, COOL, {"kind": "append_suffix", "text": "!"})).apply(body, "chat")
    assert body == before


@pytest.mark.parametrize(
    ("rule", "body", "expected"),
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
def test_can_reject_predicts_refusals(rule: dict[str, Any], body: dict[str, Any], expected: bool) -> None:
    pipeline = Pipeline(policy_of(rule))
    assert pipeline.can_reject(body, "chat", RequestContext) is expected
    assert (pipeline.apply(body, "chat").refusal is not None) is expected


def test_context_is_built_only_if_a_rule_could_reject() -> None:
    built: list[RequestContext] = []

    def build_context() -> RequestContext:
        built.append(RequestContext())
        return built[-1]

    assert not Pipeline(policy_of({"kind": "fold_system"})).can_reject(chat("Hi"), "chat", build_context)
    assert not built
    assert Pipeline(policy_of({"kind": "reject", "message": "no"})).can_reject(chat("Hi"), "chat", build_context)
    assert len(built) == 1


def test_a_pickled_pipeline_does_the_same() -> None:
    pipeline = Pipeline(load("deepseek-r1-distill"))
    body = chat("What is 2 + 3?", temperature=1.3)
    copied = pickle.loads(pickle.dumps(pipeline))
    assert copied.apply(body, "chat").body == pipeline.apply(body, "chat").body
    assert copied.hash == pipeline.hash


def test_a_spawned_process_can_apply_a_pipeline() -> None:
    body = chat("Hi", temperature=1.3)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        sent = pool.submit(_apply, Pipeline(policy_of(COOL)), body).result()
    assert sent["temperature"] == 0.7


def _apply(pipeline: Pipeline, body: dict[str, Any]) -> dict[str, Any]:
    return pipeline.apply(body, "chat").body

"""Metrics on the default registry."""

from __future__ import annotations

import subprocess
import sys

import pytest
from prometheus_client import REGISTRY

from prompt_policy import Pipeline
from prompt_policy.runtime import metrics
from prompt_policy.runtime.metrics import count_decision, count_ended_answer, count_reload
from tests.support.policies import chat, policy_of

COOL = {"kind": "clamp", "name": "cool", "parameters": {"temperature": {"max": 0.7}}}
NO = {"kind": "reject", "name": "no", "message": "no", "when": {"has_tools": True}}


def read_metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize(("keys", "refused"), [({"temperature": 1.3}, False), ({"tools": [{}]}, True)])
def test_decision_is_counted(keys: dict[str, object], refused: bool) -> None:
    pipeline = Pipeline(policy_of(COOL, NO, name=f"counted-{refused}".lower()))
    applied = pipeline.apply(chat("Hi", **keys), "chat")
    count_decision(applied.decision, 0.5, refused=refused)

    name = pipeline.name
    assert read_metric("prompt_policy_requests_total", policy=name) == 1
    assert read_metric("prompt_policy_refusals_total", policy=name) == refused
    assert read_metric("prompt_policy_apply_seconds_sum", policy=name) == 0.5
    rule, result = ("no", "refused") if refused else ("cool", "fired")
    assert read_metric("prompt_policy_rules_total", policy=name, rule=rule, result=result, mode="enforce") == 1


def test_audited_rule_is_counted_as_audited() -> None:
    pipeline = Pipeline(policy_of(COOL, name="audited", mode="audit"))
    count_decision(pipeline.apply(chat("Hi", temperature=1.3), "chat").decision, 0, refused=False)
    assert read_metric("prompt_policy_rules_total", policy="audited", rule="cool", result="fired", mode="audit") == 1


@pytest.mark.parametrize(("audited", "mode"), [(False, "enforce"), (True, "audit")])
def test_ended_answers_are_counted(audited: bool, mode: str) -> None:
    labels = {"policy": "ending", "rule": "guard", "mode": mode}
    before = read_metric("prompt_policy_ended_answers_total", **labels)
    count_ended_answer("ending", "guard", audited=audited)
    assert read_metric("prompt_policy_ended_answers_total", **labels) == before + 1


def test_reloads_are_counted() -> None:
    before = read_metric("prompt_policy_reloads_total", result="refused")
    count_reload("refused")
    assert read_metric("prompt_policy_reloads_total", result="refused") == before + 1


@pytest.mark.parametrize(("setting", "registered"), [("1", True), ("0", False)])
def test_metrics_can_be_disabled(setting: str, registered: bool) -> None:
    program = (
        "from prompt_policy.runtime.metrics import count_reload; count_reload('loaded');"
        "from prometheus_client import REGISTRY;"
        "print(REGISTRY.get_sample_value('prompt_policy_reloads_total', {'result': 'loaded'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PROMPT_POLICY_METRICS": setting},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ("1.0" if registered else "None")


def test_reloads_begin_at_zero() -> None:
    program = (
        "from prompt_policy.runtime.metrics import count_reload; count_reload('loaded');"
        "from prometheus_client import REGISTRY;"
        "print(REGISTRY.get_sample_value('prompt_policy_reloads_total', {'result': 'refused'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.0"


def test_refusals_of_a_policy_begin_at_zero() -> None:
    pipeline = Pipeline(policy_of(COOL, name="without-refusals"))
    count_decision(pipeline.apply(chat("Hi"), "chat").decision, 0, refused=False)
    assert REGISTRY.get_sample_value("prompt_policy_refusals_total", {"policy": pipeline.name}) == 0


def test_metrics_are_created_once_by_concurrent_threads() -> None:
    program = (
        "import sys, threading;"
        "from prompt_policy.runtime.metrics import count_reload;"
        "import prometheus_client;"
        "sys.setswitchinterval(1e-6);"
        "threads = [threading.Thread(target=count_reload, args=('loaded',)) for _ in range(20)];"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads];"
        "print(prometheus_client.REGISTRY.get_sample_value('prompt_policy_reloads_total', {'result': 'loaded'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("20.0", "")


def test_cache_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MAX_CACHED_POLICIES", 2)
    for number in range(5):
        pipeline = Pipeline(policy_of(COOL, name=f"bounded-{number}"))
        for _ in range(2):
            count_decision(pipeline.apply(chat("Hi"), "chat").decision, 0, refused=False)
        assert read_metric("prompt_policy_requests_total", policy=pipeline.name) == 2
    created = metrics._get_metrics()
    assert created is not None
    assert len(created.series) <= 2

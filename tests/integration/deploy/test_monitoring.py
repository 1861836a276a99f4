"""Alert rules and dashboard: valid for Prometheus, and about metrics that a real proxy exports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.deploy.image import DEPLOY, KEY, ImageProxy
from tests.integration.deploy.tools import run_tool

MONITORING = DEPLOY / "monitoring"
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
METRIC = re.compile(r"\b(?:prompt_policy|litellm)_\w+")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
GROUPING = re.compile(r"\bby \(([\w, ]+)\)")
ONCE_ENDED = "prompt_policy_ended_answers_total"
"""Exported once an answer was ended, which no answer of the echo server is."""


def list_dashboard_queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5m").replace("$policy", ".*")


QUERIES = [*list_dashboard_queries(), *(rule["expr"] for group in ALERTS["groups"] for rule in group["rules"])]


@pytest.fixture(scope="session")
def exported(proxy: ImageProxy) -> dict[str, set[str]]:
    """The labels of each series that the proxy exports after one request."""
    chat = json.dumps({"model": "r1", "messages": [{"role": "user", "content": "Hello"}], "temperature": 1.5})
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{proxy.url}/v1/chat/completions", chat.encode(), headers), timeout=60
    ):
        pass
    labels: dict[str, set[str]] = defaultdict(set)
    with urllib.request.urlopen(f"{proxy.url}{read_metrics_path()}", timeout=30) as response:
        for family in text_string_to_metric_families(response.read().decode()):
            for sample in family.samples:
                labels[sample.name] |= set(sample.labels)
    return labels


def read_metrics_path() -> str:
    scrapes = yaml.safe_load((DEPLOY / "compose" / "prometheus.yaml").read_text())["scrape_configs"]
    return str(next(scrape["metrics_path"] for scrape in scrapes if scrape["job_name"] == "litellm"))


def test_the_rules_fire_when_they_should() -> None:
    run_tool("promtool", "check", "rules", "alerts.yaml", cwd=MONITORING)
    run_tool("promtool", "test", "rules", "alerts_test.yaml", cwd=MONITORING)


def test_every_rule_is_tested() -> None:
    tests = yaml.safe_load((MONITORING / "alerts_test.yaml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]}


def test_the_configuration_of_prometheus_is_valid(tmp_path: Path) -> None:
    text = (DEPLOY / "compose" / "prometheus.yaml").read_text().replace("/etc/prometheus", str(MONITORING))
    (tmp_path / "prometheus.yaml").write_text(text)
    run_tool("promtool", "check", "config", str(tmp_path / "prometheus.yaml"))


def test_prometheus_reads_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(list_dashboard_queries())]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run_tool("promtool", "check", "rules", str(tmp_path / "rules.yaml"))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reads_exported_metrics_and_labels(query: str, exported: dict[str, set[str]]) -> None:
    names = set(METRIC.findall(query)) - {ONCE_ENDED}
    assert names - set(exported) == set()
    labels = {*LABEL.findall(query), *re.split(", *", ", ".join(GROUPING.findall(query)))} - {""}
    known = {label for name in names for label in exported[name]}
    assert ONCE_ENDED in query or labels <= known


def test_the_dashboard_shows_every_metric_of_this_project(exported: dict[str, set[str]]) -> None:
    shown = {name.removesuffix("_bucket") for query in list_dashboard_queries() for name in METRIC.findall(query)}
    page = (DEPLOY.parent / "docs" / "reference" / "headers-and-metrics.md").read_text()
    documented = set(re.findall(r"^\| `(prompt_policy_\w+)` \|", page, re.MULTILINE))
    assert {name for name in shown if name.startswith("prompt_policy_")} == documented
    assert {name for name in exported if name.startswith("prompt_policy_") and name.endswith("_total")} <= documented


def test_the_metrics_of_several_processes_are_added(tmp_path: Path) -> None:
    program = "from prompt_policy.runtime.metrics import count_reload; count_reload('loaded')"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, check=True)
    registry = CollectorRegistry()
    # LiteLLM's server of metrics, which its chart runs, does the same.
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]  # has no types
    assert registry.get_sample_value("prompt_policy_reloads_total", {"result": "loaded"}) == 2


def test_grafana_s_provisioning_names_the_files_that_compose_mounts() -> None:
    [source] = yaml.safe_load((MONITORING / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = yaml.safe_load((MONITORING / "provisioning/dashboards/prompt-policy.yaml").read_text())["providers"]
    services = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]
    assert f"{provider['options']['path']}/prompt-policy.json" in " ".join(services["grafana"]["volumes"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])

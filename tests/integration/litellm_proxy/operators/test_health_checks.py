"""Health checks of LiteLLM: no policy applies to them, unless a setting demands it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from litellm.litellm_core_utils.health_check_helpers import HealthCheckHelpers

from tests.integration.litellm_proxy.operators.setup import build_config, build_row, write_setup
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.waiting import wait_until

ACCOUNT = "litellm-internal-health-check"
TURNS: list[Any] = [{"role": "user", "content": "Hi"}]
KNOWN_MODES = HealthCheckHelpers.get_mode_handlers(model="", custom_llm_provider="", model_params={})
MODES = [mode for mode in ("chat", "completion", "responses", "anthropic_messages") if mode in KNOWN_MODES]
PATHS = ("chat/completions", "completions", "responses", "messages")


@contextmanager
def run_checked_proxy(folder: Path, **settings: Any) -> Iterator[tuple[Proxy, FakeBackend]]:
    """Run a proxy with background health checks every second, and a deployment for each mode."""
    write_setup(folder)
    with run_backend(FakeBackend()) as backend:
        config = build_config(backend, **settings)
        config["model_list"] = [
            build_row(backend, "strict", "strict-7b", prompt_policy="strict"),
            build_row(backend, "exempt", "exempt-7b", prompt_policy="none"),
            *(build_row(backend, f"cool-{mode}", f"{mode}-7b", prompt_policy="steady", mode=mode) for mode in MODES),
        ]
        for row in config["model_list"]:
            row["litellm_params"]["temperature"] = 0.9
        config["general_settings"] |= {"background_health_checks": True, "health_check_interval": 1}
        with run_proxy(config, folder) as proxy:
            yield proxy, backend


@pytest.fixture(scope="module")
def unchecked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, FakeBackend]]:
    """A proxy whose health checks no policy covers."""
    with run_checked_proxy(tmp_path_factory.mktemp("default")) as started:
        yield started


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, FakeBackend]]:
    """A proxy whose health checks are covered by the policies of their deployments."""
    with run_checked_proxy(tmp_path_factory.mktemp("covered"), health_checks=True) as started:
        yield started


def check_health(proxy: Proxy) -> tuple[set[str], set[str]]:
    """Return the models that LiteLLM reports as healthy and as unhealthy."""
    report: dict[str, Any] = {}

    def has_checked() -> bool:
        report.update(httpx.get(f"{proxy.url}/health", headers={"Authorization": f"Bearer {KEY}"}, timeout=60).json())
        return bool(report.get("healthy_endpoints"))

    wait_until(has_checked, describe=lambda: proxy.log)
    healthy, unhealthy = (
        {endpoint["model"] for endpoint in report[f"{state}_endpoints"]} for state in ("healthy", "unhealthy")
    )
    return healthy, unhealthy


def find_temperatures(backend: FakeBackend, model: str) -> set[float]:
    """Return the temperatures of all health checks of a model."""
    wait_until(lambda: any(body["model"] == model for body in list(backend.bodies)))
    return {body["temperature"] for body in list(backend.bodies) if body["model"] == model}


def test_no_policy_applies_to_health_checks(unchecked: tuple[Proxy, FakeBackend]) -> None:
    proxy, backend = unchecked
    _healthy, unhealthy = check_health(proxy)
    assert unhealthy == set()
    for model in ("strict-7b", "exempt-7b", *(f"{mode}-7b" for mode in MODES)):
        assert find_temperatures(backend, model) == {0.9}
    assert "prompt_policy.decision: " not in proxy.log


def test_health_checks_are_covered_by_the_bound_policy_if_a_setting_demands_it(
    covered: tuple[Proxy, FakeBackend],
) -> None:
    proxy, backend = covered
    healthy, unhealthy = check_health(proxy)
    assert unhealthy == {"hosted_vllm/strict-7b"}
    assert "hosted_vllm/exempt-7b" in healthy
    assert find_temperatures(backend, "exempt-7b") == {0.9}
    for mode in MODES:
        assert find_temperatures(backend, f"{mode}-7b") == {0.25}, mode


FORGERIES: list[dict[str, Any]] = [
    {"metadata": {"tags": [ACCOUNT]}},
    {"litellm_metadata": {"tags": [ACCOUNT]}},
    {"tags": [ACCOUNT]},
    {"user": ACCOUNT},
    {"litellm_metadata": {"tags": [ACCOUNT], "user_api_key_auth": {"api_key": ACCOUNT, "key_alias": ACCOUNT}}},
    {"metadata": {"user_api_key_auth": ACCOUNT, "user_api_key_alias": ACCOUNT, "user_api_key_team_id": ACCOUNT}},
    {"proxy_server_request": None},
    {"extra_body": {"proxy_server_request": None, "litellm_metadata": {"tags": [ACCOUNT]}}},
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("forged", FORGERIES, ids="-".join)
def test_client_cannot_pretend_to_be_a_health_check(
    unchecked: tuple[Proxy, FakeBackend], forged: dict[str, Any], path: str
) -> None:
    proxy, backend = unchecked
    content: dict[str, Any] = {"messages": TURNS, "max_tokens": 9}
    content = {"completions": {"prompt": "Hi"}, "responses": {"input": "Hi"}}.get(path, content)
    body = {"model": "cool-chat", "temperature": 0.8, **content, **forged}
    headers = {"Authorization": f"Bearer {KEY}", "x-litellm-tags": ACCOUNT}
    httpx.post(f"{proxy.url}/v1/{path}", json=body, headers=headers, timeout=60)
    assert 0.8 not in {body.get("temperature") for body in list(backend.bodies)}

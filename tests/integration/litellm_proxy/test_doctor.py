"""``prompt-policy doctor`` on real LiteLLM proxies, with and without the callback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.probe.doctor.examination import DoctorOptions, Examination, examine_server
from prompt_policy.proxy.echo.server import create_app
from tests.integration.litellm_proxy.deployments import BROKEN, PLAIN, build_deployment
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import KEY, LITELLM_VERSION, Proxy, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.policies import MODEL
from tests.support.servers import serve_app_in_thread

BY_RULE = """
version: 1
name: closed
rules: [{name: closed-today, kind: reject, message: closed today}]
"""
AUDIT = """
version: 1
name: watched
mode: audit
rules: [{name: sampling, kind: clamp, parameters: {temperature: {max: 0.7, default: 0.6}}}]
"""
REFUSED_MESSAGES = ("rejected", 2) if Version("1.105") > LITELLM_VERSION else ("refused-by-policy", 0)
"""The verdict on a refusal on Messages, which LiteLLM before 1.105 returns without the policy's code and headers."""


def build_strict_config(backend: FakeBackend, **settings: Any) -> dict[str, Any]:
    """Return a configuration without a wildcard and without fallbacks."""
    return {
        "model_list": [
            build_deployment(backend, "r1", MODEL),
            build_deployment(backend, "bound", "some-model", prompt_policy="deepseek-r1-distill"),
            build_deployment(backend, "exempt", MODEL, prompt_policy="none"),
            build_deployment(backend, "misbound", "some-model", prompt_policy="gone"),
            build_deployment(backend, "closed", "some-model", prompt_policy="closed"),
            build_deployment(backend, "watched", "some-model", prompt_policy="watched"),
            build_deployment(backend, "plain", PLAIN),
            build_deployment(backend, "broken", BROKEN),
        ],
        "litellm_settings": {"num_retries": 0, **settings},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


@pytest.fixture(scope="module")
def strict_proxy(session_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with the callback, the shipped policies, and two more."""
    folder = tmp_path_factory.mktemp("strict")
    (folder / "closed.yaml").write_text(BY_RULE)
    (folder / "watched.yaml").write_text(AUDIT)
    config = build_strict_config(session_backend, callbacks=["prompt_policy.litellm.callback"])
    paths = ["deepseek-r1-distill", "closed.yaml", "watched.yaml"]
    config["callback_settings"] = {"prompt_policy": {"path": paths}}
    with run_proxy(config, folder) as proxy:
        yield proxy


def examine(proxy: Proxy, **options: Any) -> Examination:
    return examine_server(DoctorOptions(proxy.url, **{"key": KEY, "timeout_s": 60, **options}))


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("endpoint", ["chat", "responses", "messages"])
def test_a_matched_policy_acts(strict_proxy: Proxy, endpoint: str, stream: bool) -> None:
    found = examine(strict_proxy, model="r1", endpoint=endpoint, stream=stream)
    assert (found.verdict.name, found.verdict.exit_code) == ("acts", 0)
    assert (found.report.name, found.report.selected_by) == ("deepseek-r1-distill", "name")
    assert "temperature=unset>0.6" in found.report.changed
    assert found.identity.software == "LiteLLM"
    assert found.report.host is not None
    assert found.report.host.startswith(f"litellm/{found.identity.version} prompt-policy/")
    assert found.answer == "filtered"


@pytest.mark.parametrize(
    ("model", "endpoint", "name", "code"),
    [
        ("bound", "chat", "acts", 0),
        ("plain", "chat", "unmatched", 1),
        ("plain", "messages", "unmatched", 1),
        ("exempt", "chat", "exempt", 1),
        ("misbound", "chat", "broken-binding", 1),
        ("misbound", "messages", "broken-binding", 1),
        ("closed", "chat", "refused-by-policy", 0),
        ("closed", "responses", "refused-by-policy", 0),
        ("closed", "messages", *REFUSED_MESSAGES),
        ("watched", "chat", "audit", 1),
        ("broken", "chat", "backend-error", 2),
        ("broken", "messages", "backend-error", 2),
        ("misbond", "chat", "unknown-model", 2),
        ("misbond", "messages", "unknown-model", 2),
    ],
)
def test_each_deployment_has_its_verdict(strict_proxy: Proxy, model: str, endpoint: str, name: str, code: int) -> None:
    found = examine(strict_proxy, model=model, endpoint=endpoint)
    assert (found.verdict.name, found.verdict.exit_code) == (name, code)
    assert "\n" not in str(found.verdict)
    if model == "bound":
        assert found.report.selected_by == "binding"
    if model == "misbond":
        assert "did you mean 'misbound'?" in found.verdict.message
        assert "r1" in found.verdict.remedy


@pytest.mark.parametrize(("key", "name"), [("sk-wrong", "unauthorized"), (None, "backend-error")])
def test_a_wrong_key_is_reported(strict_proxy: Proxy, key: str | None, name: str) -> None:
    """Without a database, this LiteLLM answers a request without a key with HTTP 500."""
    verdict = examine(strict_proxy, key=key).verdict
    assert (verdict.name, verdict.exit_code) in ((name, 2), ("unauthorized", 2))
    assert "LITELLM_MASTER_KEY" in verdict.remedy


def test_the_backend_receives_the_mark_and_few_tokens(strict_proxy: Proxy, backend: FakeBackend) -> None:
    found = examine(strict_proxy, model="r1")
    assert found.request is not None
    assert found.request.mark in str(backend.last()["messages"])
    assert backend.last()["max_tokens"] <= 8


def test_a_proxy_without_the_callback_is_reported(session_backend: FakeBackend, tmp_path: Path) -> None:
    with serve_app_in_thread(PolicyMiddleware(create_app((MODEL,)))) as enforcing:
        config = build_strict_config(session_backend)
        behind = {"model": f"hosted_vllm/{MODEL}", "api_base": f"{enforcing}/v1", "api_key": "none"}
        config["model_list"].append({"model_name": "behind", "litellm_params": behind})
        with run_proxy(config, tmp_path) as proxy:
            missing = examine(proxy, model="r1")
            found = examine(proxy, model="behind")
    assert (missing.verdict.name, missing.verdict.exit_code) == ("no-callback", 1)
    assert "prompt_policy.litellm.callback" in missing.verdict.remedy
    assert (found.verdict.name, found.report.is_behind) == ("acts", True)

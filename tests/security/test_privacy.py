"""Promise: no secret, prompt or answer is in logs, headers, error bodies, metrics, traces or the state folder."""

from __future__ import annotations

import importlib
import json
import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx as plain_httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import REGISTRY, generate_latest

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.litellm_config import build_litellm_config, write_config
from tests.security.guarded_proxy import AUTH, CHAT
from tests.security.secrets import HEADERS, OUTCOMES, PIECES, SECRET, build_policies
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import Proxy, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.servers import serve_app_in_thread
from tests.unit.launcher.conftest import Shell, shell

__all__ = ["shell"]
pytestmark = pytest.mark.filterwarnings(
    "ignore:Pydantic serializer warnings"
)  # the failing rule is not of a shipped kind
http = importlib.import_module(detect_installed_library())
EACH_OUTCOME = pytest.mark.parametrize("outcome", OUTCOMES)
ROOT = Path(__file__).parents[2]
OWN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.security.secrets import create_callback
callback = create_callback()
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    names = {request["model"] for request, _status in OUTCOMES.values()}
    pieces = [{"reasoning": f"reasoning {SECRET}"}, *({"content": piece} for piece in PIECES)]
    with run_backend(FakeBackend(answers=dict.fromkeys(names, pieces))) as backend:
        yield backend


@pytest.fixture(scope="module")
def middleware(backend: FakeBackend) -> Iterator[str]:
    with serve_app_in_thread(PolicyMiddleware(backend, build_policies())) as root:
        yield root


@pytest.fixture(scope="module")
def proxy(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with these policies; its folder gets this package's log and the port of the metrics."""
    folder = tmp_path_factory.mktemp("privacy")
    (folder / "own_auth.py").write_text(AUTH)
    (folder / "own_rules.py").write_text(OWN)
    parameters = {"api_base": f"{backend.url}/v1", "api_key": "none"}
    config = {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"hosted_vllm/{name}", **parameters}}
            for name in backend.answers
        ],
        "router_settings": {"disable_cooldowns": True},
        "litellm_settings": {"callbacks": ["own_rules.callback"], "num_retries": 0},
        "general_settings": {"custom_auth": "own_auth.user_api_key_auth"},
    }
    with run_proxy(config, folder) as proxy:
        yield proxy


def is_safe(text: str) -> bool:
    """Return whether a text is free of the secret."""
    return SECRET not in text


def check_response(response: Any, outcome: str, *, stream: bool) -> None:
    """Check the status, and that neither headers nor error quote the request or the answer."""
    status = OUTCOMES[outcome][1]
    is_started = (
        stream and outcome == "failed on the answer"
    )  # LiteLLM sends a status only once it has something to send
    assert response.status_code in ({200, 500} if is_started else {status})
    headers = {name: value for name, value in response.headers.items() if name.startswith("x-prompt-policy")}
    assert bool(headers) is (outcome != "without a policy" and (status == 200 or "x-prompt-policy" in headers))
    assert is_safe(str(headers))
    if status != 200:
        assert is_safe(response.text), response.text
        assert "policy" in response.text or "no" in response.text or "must be" in response.text


@WHOLE_AND_STREAMED
@EACH_OUTCOME
@pytest.mark.parametrize("host", ["middleware", "client"])
def test_asgi_and_httpx_leak_no_secret(
    middleware: str, backend: FakeBackend, outcome: str, host: str, stream: bool,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG, "prompt_policy")
    body = {**OUTCOMES[outcome][0], "stream": stream}
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        if host == "middleware":
            check_response(http.post(f"{middleware}{CHAT}", json=body, headers=HEADERS), outcome, stream=stream)
        else:
            with policy_http_client(build_policies(), http.Client()) as client:
                check_response(client.post(f"{backend.url}{CHAT}", json=body, headers=HEADERS), outcome, stream=stream)
    records = [record for record in caplog.records if record.name.startswith("prompt_policy")]
    assert records or outcome == "without a policy"  # a model without a policy is logged once
    lines = [logging.Formatter().format(record) for record in records]
    assert is_safe("\n".join(lines)), lines
    assert is_safe(str(capfd.readouterr()))
    assert is_safe(generate_latest(REGISTRY).decode())
    if host == "client":
        assert is_safe(str(dict(getattr(span, "attributes", {}))) + str(getattr(span, "events", ())))
        assert ("prompt_policy.policy" in getattr(span, "attributes", {})) is (outcome != "without a policy")


@WHOLE_AND_STREAMED
@EACH_OUTCOME
def test_responses_of_litellms_proxy_leak_no_secret(proxy: Proxy, outcome: str, stream: bool) -> None:
    body = {**OUTCOMES[outcome][0], "stream": stream}
    response = plain_httpx.post(f"{proxy.url}{CHAT}", json=body, headers=HEADERS, timeout=60)
    check_response(response, outcome, stream=stream)


def test_log_and_metrics_in_litellms_proxy_leak_no_secret(proxy: Proxy) -> None:
    """LiteLLM's log contains its own lines, so that only the texts of this package's errors are searched in it."""
    for body, _status in OUTCOMES.values():
        for stream in (False, True):
            plain_httpx.post(f"{proxy.url}{CHAT}", json={**body, "stream": stream}, headers=HEADERS, timeout=60)
    folder = proxy.log_file.parent
    log = (folder / "ours.log").read_text()
    records = [json.loads(line) for line in log.splitlines() if line.startswith('{"policy"')]
    assert {record["policy"] for record in records} == {policy.name for policy in build_policies().policies}
    assert "internal error, KeyError" in log
    assert "internal error, ValueError" in log
    assert is_safe(log)
    assert "failed with an internal error" in proxy.log
    assert "cannot work on" not in proxy.log
    port = (folder / "metrics.port").read_text()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        exposed = answer.read().decode()
    assert 'prompt_policy_rules_total{mode="enforce",policy="busy"' in exposed
    assert is_safe(exposed)


def test_generated_litellm_config_contains_no_key(tmp_path: Path) -> None:
    backend = Backend("http://127.0.0.1:8000/v1", ("m",), f"sk-{SECRET}")
    assert is_safe(write_config(build_litellm_config(backend), tmp_path).read_text())


@pytest.mark.parametrize("options", [(), ("--fail", "kvoom.log", "1")], ids=["runs", "fails"])
def test_launcher_state_and_output_contain_no_key(shell: Shell, options: tuple[str, ...]) -> None:
    shell = Shell(shell.folder, {**shell.environment, "VLLM_API_KEY": f"sk-{SECRET}", "HF_TOKEN": f"hf-{SECRET}"})
    started = shell.run("start", "--detach", *shell.fake_vllm_arguments(*options)[1:])
    assert started.returncode == (1 if options else 0), started.stderr
    files = [path for path in (shell.folder / "state").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"state.json", "lock", "vllm.log"}
    assert is_safe("".join(path.read_text() for path in files))
    for arguments in (("status",), ("status", "--format", "json"), ("logs",), ("stop", "--all", "--timeout", "1")):
        done = shell.run(*arguments)
        assert is_safe(done.stdout + done.stderr)
    assert is_safe(started.stdout + started.stderr)

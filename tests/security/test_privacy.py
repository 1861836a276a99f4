"""Promise: no secret, prompt or answer is in our logs, headers, error bodies, metrics, traces and state folder."""

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
from prompt_policy.httpx.family import installed_family
from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.config import litellm_config, written
from tests.e2e.fake_backend import FakeBackend, running
from tests.e2e.proxy import Proxy, proxy
from tests.echoes import served
from tests.launcher.conftest import Shell, shell
from tests.security.conftest import AUTH, CHAT, WAYS
from tests.security.planted import ENDINGS, HEADERS, PIECES, SECRET, policies

__all__ = ["shell"]
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the failing rule is no shipped kind
http = importlib.import_module(installed_family())
EACH_ENDING = pytest.mark.parametrize("ending", ENDINGS)
ROOT = Path(__file__).parents[2]
OWN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.security.planted import made
callback = made()
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    names = {request["model"] for request, _status in ENDINGS.values()}
    pieces = [{"reasoning": f"thought {SECRET}"}, *({"content": piece} for piece in PIECES)]
    with running(FakeBackend(answers=dict.fromkeys(names, pieces))) as backend:
        yield backend


@pytest.fixture(scope="module")
def middleware(backend: FakeBackend) -> Iterator[str]:
    with served(PolicyMiddleware(backend.app(), policies())) as root:
        yield root


@pytest.fixture(scope="module")
def policed(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with the planted policies; its folder gets our log and the port of the metrics."""
    folder = tmp_path_factory.mktemp("planted")
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
    with proxy(config, folder) as made:
        yield made


def is_safe(text: str) -> bool:
    """Tell whether a text may be shown to anybody."""
    return SECRET not in text


def answered(response: Any, ending: str, *, stream: bool) -> None:
    """Check an answer: as expected, and nothing of ours in it quotes what came."""
    status = ENDINGS[ending][1]
    begun = stream and ending == "failed on the answer"  # LiteLLM sends a status only once it has something to send
    assert response.status_code in ({200, 500} if begun else {status})
    headers = {name: value for name, value in response.headers.items() if name.startswith("x-prompt-policy")}
    assert bool(headers) is (ending != "unpoliced" and (status == 200 or "x-prompt-policy" in headers))
    assert is_safe(str(headers))
    if status != 200:
        assert is_safe(response.text), response.text
        assert "policy" in response.text or "no" in response.text or "must be" in response.text


@WAYS
@EACH_ENDING
@pytest.mark.parametrize("host", ["middleware", "client"])
def test_the_byte_hosts_tell_nothing(
    middleware: str, backend: FakeBackend, ending: str, host: str, stream: bool,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG, "prompt_policy")
    body = {**ENDINGS[ending][0], "stream": stream}
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        if host == "middleware":
            answered(http.post(f"{middleware}{CHAT}", json=body, headers=HEADERS), ending, stream=stream)
        else:
            with policy_http_client(policies(), http.Client()) as client:
                answered(client.post(f"{backend.url}{CHAT}", json=body, headers=HEADERS), ending, stream=stream)
    told = [record for record in caplog.records if record.name.startswith("prompt_policy")]
    assert told or ending == "unpoliced"  # which is told once
    lines = [logging.Formatter().format(record) for record in told]
    assert is_safe("\n".join(lines)), lines
    assert is_safe(str(capfd.readouterr()))
    assert is_safe(generate_latest(REGISTRY).decode())
    if host == "client":
        assert is_safe(str(dict(getattr(span, "attributes", {}))) + str(getattr(span, "events", ())))
        assert ("prompt_policy.policy" in getattr(span, "attributes", {})) is (ending != "unpoliced")


@WAYS
@EACH_ENDING
def test_litellms_proxy_answers_without_quoting(policed: Proxy, ending: str, stream: bool) -> None:
    body = {**ENDINGS[ending][0], "stream": stream}
    response = plain_httpx.post(f"{policed.url}{CHAT}", json=body, headers=HEADERS, timeout=60)
    answered(response, ending, stream=stream)


def test_in_litellms_proxy_our_log_and_metrics_tell_nothing(policed: Proxy) -> None:
    """LiteLLM's own lines are not ours; all that is looked for in them are the words of our faults."""
    for body, _status in ENDINGS.values():
        for stream in (False, True):
            plain_httpx.post(f"{policed.url}{CHAT}", json={**body, "stream": stream}, headers=HEADERS, timeout=60)
    folder = policed.log_file.parent
    log = (folder / "ours.log").read_text()
    records = [json.loads(line) for line in log.splitlines() if line.startswith('{"policy"')]
    assert {record["policy"] for record in records} == {policy.name for policy in policies().policies}
    assert "a fault of ours, KeyError" in log
    assert "a fault of ours, ValueError" in log
    assert is_safe(log)
    assert "failed on this request" in policed.log
    assert "cannot work on" not in policed.log
    port = (folder / "metrics.port").read_text()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        exposed = answer.read().decode()
    assert 'prompt_policy_rules_total{mode="enforce",policy="busy"' in exposed
    assert is_safe(exposed)


def test_the_configuration_of_up_holds_no_key(tmp_path: Path) -> None:
    backend = Backend("http://127.0.0.1:8000/v1", ("m",), f"sk-{SECRET}")
    assert is_safe(written(litellm_config(backend), tmp_path).read_text())


@pytest.mark.parametrize("options", [(), ("--fail", "kvoom.log", "1")], ids=["runs", "fails"])
def test_the_state_folder_and_the_processes_hold_no_key(shell: Shell, options: tuple[str, ...]) -> None:
    shell = Shell(shell.folder, {**shell.environment, "VLLM_API_KEY": f"sk-{SECRET}", "HF_TOKEN": f"hf-{SECRET}"})
    started = shell.run("start", "--detach", *shell.fake(*options)[1:])
    assert started.returncode == (1 if options else 0), started.stderr
    files = [path for path in (shell.folder / "state").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"state.json", "lock", "vllm.log"}
    assert is_safe("".join(path.read_text() for path in files))
    for words in (("status",), ("status", "--format", "json"), ("logs",), ("stop", "--all", "--timeout", "1")):
        told = shell.run(*words)
        assert is_safe(told.stdout + told.stderr)
    assert is_safe(started.stdout + started.stderr)

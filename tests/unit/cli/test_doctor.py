"""``prompt-policy doctor`` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.proxy.echo.server import create_app
from tests.support.cli import run

Serve = Callable[[Any], str]
MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"
KEYS = {"verdict", "acts", "message", "remedy", "url", "endpoint", "stream", "model", "mark", "status", "models",
        "server", "host", "policy", "reason", "selected_by", "behind", "applied", "changed", "rules",
        "answer"}  # fmt: skip


def test_a_policy_that_acts_is_printed_with_its_decision(serve_app: Serve) -> None:
    done = run("doctor", f"{serve_app(PolicyMiddleware(create_app()))}/v1", "--model", MODEL)

    assert (done.returncode, done.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines["host"].startswith("asgi prompt-policy/")
    assert lines["policy"].endswith("because its name matches *DeepSeek-R1-Distill-*")
    assert "temperature=unset>0.6" in lines["changed"]
    assert lines["acts:"].startswith("policy deepseek-r1-distill@")


def test_a_finding_is_on_standard_output_with_exit_code_1(serve_app: Serve) -> None:
    done = run("doctor", serve_app(create_app(("m",))), "--stream")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].startswith("no-host: no policy acts: ")


def test_an_unreachable_server_is_a_message_with_exit_code_2() -> None:
    done = run("doctor", "http://127.0.0.1:9", "--timeout", "5")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("unreachable: http://127.0.0.1:9/v1/models: Connection refused; start the server")
    assert done.stderr.count("\n") == 1


def test_json_has_the_same_keys_in_every_case(serve_app: Serve) -> None:
    url = serve_app(PolicyMiddleware(create_app(("m",))))
    cases = {0: [url, "--model", MODEL], 1: [url], 2: ["http://127.0.0.1:9"]}
    for code, words in cases.items():
        done = run("doctor", *words, "--format", "json")
        found = json.loads(done.stdout)
        assert (done.returncode, set(found)) == (code, KEYS)
        assert found["acts"] is {0: True, 1: False, 2: None}[code]


@pytest.mark.parametrize("variable", ["LITELLM_MASTER_KEY", "VLLM_API_KEY", "OPENAI_API_KEY"])
def test_the_key_may_be_in_the_environment(serve_app: Serve, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in ("LITELLM_MASTER_KEY", "VLLM_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    url = serve_app(create_app(("m",), api_key="right"))
    assert run("doctor", url).returncode == 2
    monkeypatch.setenv(variable, "right")
    assert run("doctor", url).returncode == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["localhost"], "expected a URL"),
        (["http://127.0.0.1:9", "--policy", "none.yaml"], "none.yaml"),
        (["http://127.0.0.1:9", "--endpoint", "completions"], "completions"),
        (["http://127.0.0.1:9", "--timeout", "0"], "--timeout"),
    ],
)
def test_wrong_usage_has_exit_code_2(words: list[str], message: str, tmp_path: Path) -> None:
    done = run("doctor", *words, folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr

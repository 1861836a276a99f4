"""Two real vLLMs, with and without a reasoning parser, and LiteLLM's proxy in front of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import vllm_environment as environment
from tests.support.litellm_proxy import Proxy, run_proxy
from tests.support.missing import fail_in_ci
from tests.support.vllm_app_report import AppReport, describe_vllm_apps
from tests.support.vllm_server import MAX_MODEL_LEN, Server, start_server

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "src"
POLICIES = HERE.parents[2] / "policies"
MIDDLEWARE = "prompt_policy.asgi.PolicyMiddleware"
BOUND = "deepseek-r1-distill"
NAMES = ("DeepSeek-R1-Distill-Tiny", "plain", "short", "guarded", "detecting", "long")
SHORT = """
version: 1
name: short
applies_to: {models: [short]}
rules:
  - {name: few-tokens, kind: clamp, parameters: {max_tokens: {max: 5}, temperature: {value: 0}}}
"""
GUARDED = """
version: 1
name: guarded
applies_to: {models: [guarded]}
rules:
  - {name: runaway-guard, kind: stop_repetition, min_chars: 100, min_repeats: 3}
"""
LONG = f"""
version: 1
name: long
applies_to: {{models: [long]}}
rules:
  - {{name: many-tokens, kind: clamp, parameters: {{max_tokens: {{min: {MAX_MODEL_LEN}}}}}}}   # the whole context
"""
DETECTING = """
version: 1
name: detecting
applies_to: {models: [detecting]}
rules:
  - name: runaway-guard
    kind: clamp
    parameters:
      repetition_detection.max_pattern_size: {default: 8}
      repetition_detection.min_count: {default: 4}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, which need a real vLLM."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.vllm)


@pytest.fixture(scope="session")
def vllm_python() -> str:
    """The interpreter of an environment with vLLM; if it cannot be created, the test is skipped."""
    try:
        return environment.ensure_vllm_python()
    except environment.Unavailable as error:
        fail_in_ci(str(error))


@pytest.fixture(scope="session")
def installed_package(vllm_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this package as an installer leaves it for vLLM's interpreter, with its entry points."""
    folder = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", vllm_python, "--no-deps"]
    install += ["--refresh-package", "prompt-policy"]  # uv caches what it builds of a folder
    subprocess.run([*install, "--target", str(folder), str(HERE.parents[2])], check=True)
    return folder


@pytest.fixture(scope="session")
def vllm_apps(vllm_python: str, installed_package: Path) -> dict[str, AppReport]:
    """The apps of vLLM's server with an API key and the plugin: alone, and with the option for middleware, too."""
    variables = {"PYTHONPATH": str(installed_package), "VLLM_PLUGINS": "prompt_policy"}
    key = ["--api-key", "none"]
    return describe_vllm_apps(vllm_python, {"plugin": key, "both": [*key, "--middleware", MIDDLEWARE]}, variables)


@pytest.fixture(scope="session")
def tiny_model(vllm_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights and R1's first chat template."""
    folder = tmp_path_factory.mktemp("model") / NAMES[0]
    folder.mkdir()
    variables = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run(
        [vllm_python, str(HERE.parents[1] / "support" / "make_model.py"), str(folder)], check=True, env=variables
    )
    (folder / "chat_template.jinja").write_text(template("r1_old"))
    return folder


def template(name: str) -> str:
    """Return a chat template of this folder."""
    return (HERE / "templates" / f"{name}.jinja").read_text()


@pytest.fixture(scope="session")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policies, and one more for these tests."""
    folder = tmp_path_factory.mktemp("policies")
    for file in POLICIES.glob("*.yaml"):
        shutil.copy(file, folder)
    for name, text in {"short": SHORT, "guarded": GUARDED, "long": LONG, "detecting": DETECTING}.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="session")
def servers(
    vllm_python: str, tiny_model: Path, policies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[bool, Server]]:
    """The vLLMs, by whether they have a reasoning parser; both enforce the policies of their served names."""
    home = tmp_path_factory.mktemp("state")
    names = [word for name in NAMES for word in ("--served-model-name", name)]
    rest = ["--", "--enforce-eager", "--trust-request-chat-template", "--middleware", MIDDLEWARE]
    variables = {"PYTHONPATH": str(SOURCE), "PROMPT_POLICY_PATH": str(policies)}
    with ExitStack() as stack:
        found: dict[bool, Server] = {}
        for parser in (False, True):
            known = {**variables, "PROMPT_POLICY_REASONING_PARSER": "1" if parser else "0"}
            words = [*names, *(["--reasoning-parser", "deepseek_r1"] if parser else []), *rest]
            label = "parsed" if parser else "unparsed"
            found[parser] = start_server(vllm_python, tiny_model, home, label, *words, variables=known)
            stack.callback(found[parser].stop)
        for server in found.values():
            server.wait_until_ready()
        yield found


@pytest.fixture(scope="session")
def proxied(servers: dict[bool, Server], policies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """LiteLLM's proxy with an enforced model for each vLLM, and one without a policy."""

    def deployment(alias: str, parser: bool, **known: object) -> dict[str, object]:
        base = f"{servers[parser].root}/v1"
        return {
            "model_name": alias,
            "litellm_params": {"model": "hosted_vllm/plain", "api_base": base, "api_key": "none"},
            "model_info": known,
        }

    config = {
        "model_list": [
            deployment("enforced", False, prompt_policy=BOUND),
            deployment(
                "enforced-parsed", True, prompt_policy="deepseek-r1-distill", prompt_policy_reasoning_parser=True
            ),
            deployment("short", False, prompt_policy="short"),
            deployment("raw", False),
        ],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
        "callback_settings": {"prompt_policy": {"path": str(policies)}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    with run_proxy(config, tmp_path_factory.mktemp("proxy")) as running:
        yield running

"""Two real vLLMs, with and without a reasoning parser, and LiteLLM's proxy before them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.proxy import Proxy, proxy
from tests.vllm import environment
from tests.vllm.server import Server, started

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
POLICIES = HERE.parents[1] / "policies"
MIDDLEWARE = "prompt_policy.asgi.PolicyMiddleware"
BOUND = "deepseek-r1-distill"
NAMES = ("DeepSeek-R1-Distill-Tiny", "plain", "short")
SHORT = """
version: 1
name: short
applies_to: {models: [short]}
rules:
  - {name: few-tokens, kind: clamp, parameters: {max_tokens: {max: 5}, temperature: {value: 0}}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a real vLLM."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.vllm)


@pytest.fixture(scope="session")
def vllm_python() -> str:
    """The interpreter of an environment with vLLM; on a machine where none can be had the test is skipped."""
    try:
        return environment.vllm_python()
    except environment.Unavailable as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tiny_model(vllm_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights, whose template is R1's old one."""
    folder = tmp_path_factory.mktemp("model") / NAMES[0]
    folder.mkdir()
    variables = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([vllm_python, str(HERE / "make_model.py"), str(folder)], check=True, env=variables)
    (folder / "chat_template.jinja").write_text(template("r1_old"))
    return folder


def template(name: str) -> str:
    """Return a chat template of this folder."""
    return (HERE / "templates" / f"{name}.jinja").read_text()


@pytest.fixture(scope="session")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policies, and one of these tests' own."""
    folder = tmp_path_factory.mktemp("policies")
    for file in POLICIES.glob("*.yaml"):
        shutil.copy(file, folder)
    (folder / "short.yaml").write_text(SHORT)
    return folder


@pytest.fixture(scope="session")
def servers(
    vllm_python: str, tiny_model: Path, policies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[bool, Server]]:
    """The vLLMs by whether they have a reasoning parser; both enforce the policies of the names that they serve."""
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
            found[parser] = started(vllm_python, tiny_model, home, label, *words, variables=known)
            stack.callback(found[parser].stop)
        for server in found.values():
            server.ready()
        yield found


@pytest.fixture(scope="session")
def proxied(servers: dict[bool, Server], policies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """LiteLLM's proxy with a policed model for each vLLM, and an unpoliced one."""

    def deployment(alias: str, parser: bool, **known: object) -> dict[str, object]:
        base = f"{servers[parser].root}/v1"
        return {
            "model_name": alias,
            "litellm_params": {"model": "hosted_vllm/plain", "api_base": base, "api_key": "none"},
            "model_info": known,
        }

    config = {
        "model_list": [
            deployment("policed", False, prompt_policy=BOUND),
            deployment(
                "policed-parsed", True, prompt_policy="deepseek-r1-distill", prompt_policy_reasoning_parser=True
            ),
            deployment("short", False, prompt_policy="short"),
            deployment("raw", False),
        ],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "num_retries": 0},
        "callback_settings": {"prompt_policy": {"path": str(policies)}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    with proxy(config, tmp_path_factory.mktemp("proxy")) as running:
        yield running

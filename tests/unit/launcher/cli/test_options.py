"""The command-line options of a vLLM."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer
from typer.testing import CliRunner

from prompt_policy.launcher.cli.options import declare_option, with_vllm_options
from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.options import VllmOptions, format_flag
from tests.support.checkpoints import make_fake_environment

received: list[tuple[LaunchPlan, int]] = []


@with_vllm_options
def verb(plan: LaunchPlan, *, own: Annotated[int, typer.Option()] = 1) -> None:
    """A verb with an option of its own."""
    received.append((plan, own))


def invoke(*words: str) -> tuple[LaunchPlan, int]:
    app = typer.Typer()
    app.command()(verb)
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return received.pop()


def test_all_vllm_options_are_declared_beside_the_verbs_own() -> None:
    declared = set(inspect.signature(verb).parameters)

    assert set(VllmOptions.model_fields) | {"own"} <= declared


def test_the_verb_gets_the_plan_and_its_own_options(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.32.0")

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


def test_the_policy_is_selected_by_model_or_served_name(tmp_path: Path) -> None:
    python = make_fake_environment(tmp_path / "v", "vllm==0.32.0")
    named = ("--served-model-name", "DeepSeek-R1-Distill-Qwen-7B")

    for words in (("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",), ("/models/x", *named)):
        plan, _ = invoke(*words, "--python", python)
        assert plan.effective_option("reasoning_parser") == "deepseek_r1"

    plan, _ = invoke("/models/x", *named, "--no-engine", "--python", python)
    assert plan.effective_option("reasoning_parser") is None


def test_flags_are_spelled_as_vllms() -> None:
    text = CliRunner().invoke(_app(), ["--help"], env={"COLUMNS": "300", "TERM": "dumb"}).output

    for name in ("tensor_parallel_size", "gpu_memory_utilization", "reasoning_parser", "api_key"):
        assert format_flag(name) in text


def test_help_shows_description_metavar_and_bounds() -> None:
    text = CliRunner().invoke(_app(), ["--help"], env={"COLUMNS": "300", "TERM": "dumb"}).output

    for name, field in VllmOptions.model_fields.items():
        if name != "args":
            assert format_flag(name) in text
        assert field.description is not None
        assert " ".join(field.description.split()) in " ".join(text.split())
    assert "NAME=VALUE" in text
    assert "TOKENS" in text
    assert "1<=x<=65535" in text


def test_an_option_outside_its_bounds_is_rejected() -> None:
    result = CliRunner().invoke(_app(), ["m", "--tensor-parallel-size", "0"])

    assert result.exit_code == 2


def test_a_declaration_can_be_prefixed_for_another_command() -> None:
    assert str(declare_option("python", "With --model: ").help).startswith("With --model: Interpreter of")


def _app() -> typer.Typer:
    app = typer.Typer()
    app.command()(verb)
    return app

"""The plan for a vLLM, and its command."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.command import LaunchSpec, build_launch_spec, format_shell_command, resolve_context_length
from tests.support.checkpoints import make_checkpoint, make_plan
from tests.support.policies import policy_of

POLICY = policy_of(
    {"kind": "filter_whitespace"},
    engine={"reasoning_parser": "deepseek_r1", "max_model_len": 32768, "enable_auto_tool_choice": True, "x": None},
)


def argv(*model: object, **options: object) -> list[str]:
    return list(build_launch_spec(make_plan(*model, **options)).argv)  # type: ignore[arg-type]


def test_serve_takes_the_model_first_and_the_module_by_flag() -> None:
    assert argv("org/m") == ["vllm", "serve", "org/m", "--host", "127.0.0.1", "--port", "8000"]
    assert argv("org/m", serve=False)[:5] == ["python", "-m", "api", "--model", "org/m"]


def test_options_use_vllms_names_and_arguments_follow_unchanged() -> None:
    arguments = argv(
        "m", served_model_name=("a", "b"), tensor_parallel_size=2, max_model_len="32K", args=("--x=1", "y", "")
    )

    assert arguments[7:] == [
        *("--served-model-name", "a", "b", "--tensor-parallel-size", "2", "--max-model-len", "32K"),
        *("--x=1", "y", ""),
    ]


def test_the_policy_adds_options_that_the_user_did_not_set() -> None:
    assert argv("m", policy=POLICY)[7:] == [
        *("--reasoning-parser", "deepseek_r1", "--max-model-len", "32768", "--enable-auto-tool-choice"),
    ]


@pytest.mark.parametrize(
    "options",
    [{"reasoning_parser": "qwen3"}, {"args": ("--reasoning-parser", "qwen3")}, {"args": ("--reasoning_parser=qwen3",)}],
)
def test_the_users_options_override_the_policys(options: dict[str, object]) -> None:
    plan = make_plan("m", policy=POLICY, **options)  # type: ignore[arg-type]

    assert "deepseek_r1" not in build_launch_spec(plan).argv
    assert plan.effective_option("reasoning_parser") == "qwen3"


def test_the_policys_length_is_dropped_for_a_shorter_checkpoint(tmp_path: Path) -> None:
    assert "--max-model-len" not in argv(make_checkpoint(tmp_path), policy=POLICY)


def test_an_address_in_the_arguments_determines_the_url() -> None:
    launch = build_launch_spec(make_plan("m", args=("--port", "9", "--host=0.0.0.0", "--served-model-name", "n")))

    assert (launch.root, launch.served_name) == ("http://127.0.0.1:9", "n")
    assert launch.argv.count("--port") == 1


def test_the_key_is_passed_by_environment_and_not_shown() -> None:
    plan = make_plan("m", api_key="secret", env={"A": "b c"})
    launch = build_launch_spec(plan)

    assert launch.environment["VLLM_API_KEY"] == launch.api_key == "secret"
    assert "secret" not in launch.argv
    assert format_shell_command(plan, launch).startswith("A='b c' VLLM_API_KEY=\"$VLLM_API_KEY\" vllm serve m --host")


def test_the_key_is_read_from_the_environment() -> None:
    assert build_launch_spec(make_plan("m", environment={"VLLM_API_KEY": "k"})).api_key == "k"


def test_the_requested_context_length_is_in_tokens() -> None:
    assert resolve_context_length(make_plan("m", max_model_len="8k")) == 8000
    assert resolve_context_length(make_plan("m", policy=POLICY)) == 32768
    assert resolve_context_length(make_plan("m")) is None


def test_a_disabled_policy_option_uses_vllms_no_flag() -> None:
    policy = policy_of({"kind": "filter_whitespace"}, engine={"enable_prefix_caching": False, "async_scheduling": True})

    assert argv("m", policy=policy)[7:] == ["--no-enable-prefix-caching", "--async-scheduling"]
    assert "--async-scheduling" not in argv("m", policy=policy, args=("--no-async-scheduling",))


def test_an_invalid_argument_is_left_for_vllm_to_report() -> None:
    assert resolve_context_length(make_plan("m", args=("--max-model-len", "abc"))) is None


def test_repr_shows_neither_key_nor_environment() -> None:
    launch = LaunchSpec(("vllm",), {"HF_TOKEN": "hidden"}, "http://127.0.0.1:8000", "m", "hidden")

    assert "hidden" not in repr(launch)

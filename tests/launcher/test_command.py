"""From what was asked for to the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.command import launch_of, shell_line, wanted_length
from tests.launcher.made import checkpoint, plan
from tests.support import policy_of

FAMILY = policy_of(
    {"kind": "filter_whitespace"},
    engine={"reasoning_parser": "deepseek_r1", "max_model_len": 32768, "enable_auto_tool_choice": True, "x": None},
)


def argv(*made: object, **options: object) -> list[str]:
    return list(launch_of(plan(*made, **options)).argv)  # type: ignore[arg-type]


def test_serve_takes_the_model_first_and_the_module_by_name() -> None:
    assert argv("org/m") == ["vllm", "serve", "org/m", "--host", "127.0.0.1", "--port", "8000"]
    assert argv("org/m", serve=False)[:5] == ["python", "-m", "api", "--model", "org/m"]


def test_options_keep_vllms_names_and_the_rest_stands_untouched_at_the_end() -> None:
    told = argv("m", served_model_name=("a", "b"), tensor_parallel_size=2, max_model_len="32K", args=("--x=1", "y", ""))

    assert told[7:] == [
        *("--served-model-name", "a", "b", "--tensor-parallel-size", "2", "--max-model-len", "32K"),
        *("--x=1", "y", ""),
    ]


def test_the_family_adds_its_options_where_the_user_said_nothing() -> None:
    assert argv("m", policy=FAMILY)[7:] == [
        *("--reasoning-parser", "deepseek_r1", "--max-model-len", "32768", "--enable-auto-tool-choice"),
    ]


@pytest.mark.parametrize(
    "said",
    [{"reasoning_parser": "qwen3"}, {"args": ("--reasoning-parser", "qwen3")}, {"args": ("--reasoning_parser=qwen3",)}],
)
def test_what_the_user_says_wins_over_the_family_and_stands_once(said: dict[str, object]) -> None:
    made = plan("m", policy=FAMILY, **said)  # type: ignore[arg-type]

    assert "deepseek_r1" not in launch_of(made).argv
    assert made.said("reasoning_parser") == "qwen3"


def test_the_familys_length_gives_way_to_a_shorter_checkpoint(tmp_path: Path) -> None:
    assert "--max-model-len" not in argv(checkpoint(tmp_path), policy=FAMILY)


def test_an_address_among_the_rest_is_where_it_will_answer() -> None:
    launch = launch_of(plan("m", args=("--port", "9", "--host=0.0.0.0", "--served-model-name", "n")))

    assert (launch.root, launch.served_name) == ("http://127.0.0.1:9", "n")
    assert launch.argv.count("--port") == 1


def test_the_key_goes_by_the_environment_and_is_not_shown() -> None:
    made = plan("m", api_key="secret", env={"A": "b c"})
    launch = launch_of(made)

    assert launch.environment["VLLM_API_KEY"] == launch.api_key == "secret"
    assert "secret" not in launch.argv
    assert shell_line(made, launch).startswith("A='b c' VLLM_API_KEY=\"$VLLM_API_KEY\" vllm serve m --host")


def test_the_key_may_come_from_the_environment() -> None:
    assert launch_of(plan("m", environment={"VLLM_API_KEY": "k"})).api_key == "k"


def test_the_wanted_length_is_in_tokens() -> None:
    assert wanted_length(plan("m", max_model_len="8k")) == 8000
    assert wanted_length(plan("m", policy=FAMILY)) == 32768
    assert wanted_length(plan("m")) is None


def test_an_advised_switch_is_switched_off_in_vllms_way() -> None:
    family = policy_of({"kind": "filter_whitespace"}, engine={"enable_prefix_caching": False, "async_scheduling": True})

    assert argv("m", policy=family)[7:] == ["--no-enable-prefix-caching", "--async-scheduling"]
    assert "--async-scheduling" not in argv("m", policy=family, args=("--no-async-scheduling",))


def test_a_wrong_argument_is_vllms_to_tell() -> None:
    assert wanted_length(plan("m", args=("--max-model-len", "abc"))) is None

"""What a user may say of a vLLM."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prompt_policy.launcher.options import VllmOptions, flag_of, given, tokens


@pytest.mark.parametrize(
    ("length", "count"),
    [
        ("4096", 4096),
        ("8k", 8000),
        ("32K", 32768),
        ("1.5k", 1500),
        ("1M", 1048576),
        ("2T", 2**41),
        ("auto", None),
        ("-1", None),
    ],
)
def test_lengths_are_read_as_vllm_reads_them(length: str, count: int | None) -> None:
    assert tokens(length) == count


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_model_len": "8x"},
        {"max_model_len": "1.5K"},
        {"max_model_len": ""},
        {"port": 0},
        {"port": 70000},
        {"tensor_parallel_size": 0},
        {"gpu_memory_utilization": 1.1},
        {"env": {"A": ["b"]}},
    ],
)
def test_what_vllm_would_not_take_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        VllmOptions.model_validate(wrong)


def test_what_is_told_later_wins_and_variables_and_arguments_add_up() -> None:
    first = VllmOptions(model="a", port=1, env={"A": "1", "B": "1"}, args=("--x",))

    both = first.under(VllmOptions(port=2, dtype="auto", env={"B": "2"}, args=("--y",)))

    assert both == VllmOptions(model="a", port=2, dtype="auto", env={"A": "1", "B": "2"}, args=("--x", "--y"))


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(VllmOptions(api_key="secret"))


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ([], None),
        (["--max-model-len", "5"], "5"),
        (["--max_model_len=6"], "6"),
        (["--max-model-len", "5", "--max-model-len=7"], "7"),
        (["--max-model-len", "--other"], ""),
        (["--max-model-len-other", "5"], None),
        (["--no-max-model-len"], ""),
    ],
)
def test_an_option_is_found_among_vllms_own_arguments(args: list[str], value: str | None) -> None:
    assert given(args, "max_model_len") == value


def test_flags_are_vllms() -> None:
    assert flag_of("tensor_parallel_size") == "--tensor-parallel-size"


@pytest.mark.parametrize("name", ["tensor_parallel_size", "pipeline_parallel_size"])
def test_short_forms_are_found_too(name: str) -> None:
    short = {"tensor_parallel_size": "-tp", "pipeline_parallel_size": "-pp"}[name]

    assert given([short, "2"], name) == "2"

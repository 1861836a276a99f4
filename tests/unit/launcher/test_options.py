"""The options of one vLLM, and their YAML file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from prompt_policy import LoadError
from prompt_policy.launcher.options import (
    VllmOptions,
    flag_value,
    flag_values,
    format_flag,
    load_options,
    parse_token_count,
)


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
def test_lengths_are_parsed_as_vllm_parses_them(length: str, count: int | None) -> None:
    assert parse_token_count(length) == count


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
def test_values_that_vllm_rejects_are_invalid(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        VllmOptions.model_validate(wrong)


def test_merging_overrides_values_and_accumulates_arguments() -> None:
    first = VllmOptions(model="a", port=1, env={"A": "1", "B": "1"}, args=("--x",))

    merged = first.merge_with(VllmOptions(port=2, dtype="auto", env={"B": "2"}, args=("--y",)))

    assert merged == VllmOptions(model="a", port=2, dtype="auto", env={"A": "1", "B": "2"}, args=("--x", "--y"))


def test_the_key_is_hidden_in_repr() -> None:
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
def test_flag_value_is_the_last_in_the_arguments(args: list[str], value: str | None) -> None:
    assert flag_value(args, "max_model_len") == value


def test_flags_are_spelled_as_vllms() -> None:
    assert format_flag("tensor_parallel_size") == "--tensor-parallel-size"


@pytest.mark.parametrize("name", ["tensor_parallel_size", "pipeline_parallel_size"])
def test_short_flags_are_found(name: str) -> None:
    short = {"tensor_parallel_size": "-tp", "pipeline_parallel_size": "-pp"}[name]

    assert flag_value([short, "2"], name) == "2"


def test_flag_values_are_those_of_every_occurrence() -> None:
    assert flag_values(["--middleware", "a.B", "--seed", "1", "--middleware=c.D"], "middleware") == ["a.B", "c.D"]
    assert flag_values(["--seed", "1"], "middleware") == []


def load_text(folder: Path, text: str) -> VllmOptions:
    file = folder / "vllm.yaml"
    file.write_text(text)
    return load_options(file)


def test_keys_of_a_file_have_dashes_or_underscores(tmp_path: Path) -> None:
    text = "model: org/name\nserved-model-name: [a, b]\nmax_model_len: 4096\nenv: {A: 1}\nargs: [--seed, 3]\n"

    assert load_text(tmp_path, text) == VllmOptions(
        model="org/name", served_model_name=("a", "b"), max_model_len="4096", env={"A": "1"}, args=("--seed", "3")
    )


def test_every_error_in_a_file_is_reported_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as error:
        load_text(tmp_path, "model: m\nprot: 8000\nmax_model_len: 8x\ntensor-parallel-size: two\n")

    lines = [str(problem).removeprefix(f"{tmp_path}/vllm.yaml") for problem in error.value.problems]
    assert lines[0] == ":2:1: prot: unknown key 'prot' (did you mean 'port'?)"
    assert lines[1].startswith(":3:1: max-model-len: expected a number of tokens")
    assert lines[2].startswith(":4:1: tensor-parallel-size: expected a whole number")


@pytest.mark.parametrize(("text", "message"), [("- a\n", "expected a mapping"), ("a: [\n", ":2:1"), ("", "is empty")])
def test_a_file_without_a_mapping_is_rejected(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        load_text(tmp_path, text)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="cannot be read: No such file"):
        load_options(tmp_path / "none.yaml")


def test_an_option_in_two_spellings_is_rejected(tmp_path: Path) -> None:
    message = r":2:1: max_model_len: 'max-model-len' and 'max_model_len' are the same option; remove one"
    with pytest.raises(LoadError, match=message):
        load_text(tmp_path, "max-model-len: 1\nmax_model_len: 2\n")

"""Options of vLLM from a YAML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy import LoadError
from prompt_policy.launcher.options import VllmOptions
from prompt_policy.launcher.options_file import options_from


def read(folder: Path, text: str) -> VllmOptions:
    file = folder / "vllm.yaml"
    file.write_text(text)
    return options_from(file)


def test_names_are_vllms_with_dashes_or_underscores(tmp_path: Path) -> None:
    text = "model: org/name\nserved-model-name: [a, b]\nmax_model_len: 4096\nenv: {A: 1}\nargs: [--seed, 3]\n"

    assert read(tmp_path, text) == VllmOptions(
        model="org/name", served_model_name=("a", "b"), max_model_len="4096", env={"A": "1"}, args=("--seed", "3")
    )


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as error:
        read(tmp_path, "model: m\nprot: 8000\nmax_model_len: 8x\ntensor-parallel-size: two\n")

    told = [str(problem).removeprefix(f"{tmp_path}/vllm.yaml") for problem in error.value.problems]
    assert told[0] == ":2:1: prot: unknown key 'prot' (did you mean 'port'?)"
    assert told[1].startswith(":3:1: max-model-len: expected a number of tokens")
    assert told[2].startswith(":4:1: tensor-parallel-size: expected a whole number")


@pytest.mark.parametrize(("text", "message"), [("- a\n", "expected a mapping"), ("a: [\n", ":2:1"), ("", "is empty")])
def test_what_is_no_mapping_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="cannot be read: No such file"):
        options_from(tmp_path / "none.yaml")


def test_an_option_in_two_spellings_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r":2:1: max_model_len: 'max-model-len' and 'max_model_len' are one option"):
        read(tmp_path, "max-model-len: 1\nmax_model_len: 2\n")

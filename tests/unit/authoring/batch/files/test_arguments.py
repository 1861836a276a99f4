"""The arguments of ``prompt-policy apply``."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.batch.files.arguments import split_arguments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["qwen3"], (["qwen3"], "-")),
        (["qwen3", "-"], (["qwen3"], "-")),
        (["qwen3", "missing.jsonl"], (["qwen3"], "missing.jsonl")),
        (["qwen3", "LINES.NDJSON"], (["qwen3"], "LINES.NDJSON")),
        (["qwen3", "qwen3.5"], (["qwen3", "qwen3.5"], "-")),
        (["a.yaml", "b.yml"], (["a.yaml", "b.yml"], "-")),
    ],
)
def test_the_last_argument_may_be_the_file(arguments: list[str], expected: tuple[list[str], str]) -> None:
    assert split_arguments(arguments) == expected


def test_an_existing_file_that_is_not_yaml_holds_the_lines(tmp_path: Path) -> None:
    lines, folder = tmp_path / "lines", tmp_path / "policies"
    lines.touch()
    folder.mkdir()
    assert split_arguments(["qwen3", str(lines)]) == (["qwen3"], str(lines))
    assert split_arguments(["qwen3", str(folder)]) == (["qwen3", str(folder)], "-")


@pytest.mark.parametrize("arguments", [["a.jsonl"], ["-"]])
def test_lines_without_a_policy_are_an_error(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match="name a policy before it"):
        split_arguments(arguments)


def test_policies_cannot_be_on_standard_input() -> None:
    with pytest.raises(UsageError, match="name the policies before it"):
        split_arguments(["-", "a.jsonl"])

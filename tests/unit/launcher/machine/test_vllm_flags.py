"""The flags of an installed vLLM, and the closest one to a misspelt flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.machine.vllm_flags import read_vllm_flags, suggest_flag

KNOWN = frozenset({"--enforce-eager", "--max-model-len", "--enable-prefix-caching", "--model", "--middleware"})


@pytest.mark.parametrize(
    ("argument", "suggestion"),
    [
        ("--enforce-eeger", "--enforce-eager"),
        ("--enforce_eeger", "--enforce-eager"),
        ("--max-modle-len=4", "--max-model-len"),
        ("--no-enable-prefix-cachin", None),  # the beginning of a flag is enough
        ("--no-enable-prefx-caching", "--no-enable-prefix-caching"),
        ("--enforce_eager", None),
        ("--model.nested", None),
        ("--no-such-thing", None),
        ("enforce-eeger", None),
        ("-q", None),
        ("--", None),
    ],
)
def test_the_closest_flag_is_suggested(argument: str, suggestion: str | None) -> None:
    assert suggest_flag(argument, KNOWN) == suggestion


def test_flags_are_read_from_literals_and_fields(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "arg_utils.py").write_text('group.add_argument("--enforce-eager", **kwargs)\n')
    (tmp_path / "entrypoints" / "openai").mkdir(parents=True)
    (tmp_path / "entrypoints" / "openai" / "cli_args.py").write_text("class A:\n    chat_template: str | None = None\n")

    assert read_vllm_flags(tmp_path) == {"--enforce-eager", "--chat-template"}
    assert read_vllm_flags(tmp_path / "entrypoints") == frozenset()


def test_a_parser_with_inverse_flags_has_those_too(tmp_path: Path) -> None:
    """Since vLLM 0.33, ``--disable-x`` negates ``--enable-x``."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "arg_utils.py").write_text('"--enable-lora", "--disable-log-stats", "--model"\n')
    (tmp_path / "entrypoints").mkdir()
    (tmp_path / "entrypoints" / "cli_args.py").touch()
    assert read_vllm_flags(tmp_path) == {"--enable-lora", "--disable-log-stats", "--model"}

    (tmp_path / "utils").mkdir()
    (tmp_path / "utils" / "argparse_utils.py").write_text("    _inverse_prefixes = {}\n")
    expected = {"--enable-lora", "--disable-lora", "--disable-log-stats", "--enable-log-stats", "--model"}
    assert read_vllm_flags(tmp_path) == expected

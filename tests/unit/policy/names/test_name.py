"""The texts of a model's name that globs are matched against."""

from __future__ import annotations

import pytest

from prompt_policy.policy.names.name import parse_model_name


@pytest.mark.parametrize(
    ("name", "written", "normal"),
    [
        ("qwen/qwen3-8b-fp8", "qwen3-8b-fp8", "qwen3-8b"), ("/models/qwen3-8b/checkpoint-12/", "qwen3-8b", "qwen3-8b"),
        ("/runs/qwen3-8b/gpt-oss-20b", "gpt-oss-20b", "gpt-oss-20b"), ("/models/mine", "mine", "mine"), ("", "", ""),
        ("accounts/fireworks/models/glm-4p6", "glm-4p6", "glm-4.6"),
    ],
)  # fmt: skip
def test_the_last_segment_with_a_family_names_the_model(name: str, written: str, normal: str) -> None:
    parsed = parse_model_name(name, name)
    assert (parsed.written, parsed.normal) == (written, normal)


def test_words_of_derived_models_are_read_at_and_below_the_folder_of_the_model() -> None:
    parsed = parse_model_name("/base/qwen3-8b-chat/lora", "/base/qwen3-8b-chat/lora")
    assert parsed.reading.derived == {"lora"}
    assert parsed.tail == ("qwen3-8b-chat", "lora")


def test_the_whole_name_is_kept_with_and_without_provider_and_address() -> None:
    parsed = parse_model_name("ollama/hf.co/a/b:q4_k_m", "hf.co/a/b:q4_k_m")
    assert parsed.wholes == ("ollama/hf.co/a/b:q4_k_m", "hf.co/a/b:q4_k_m", "a/b:q4_k_m")
    assert parsed.path == "a/b"
    assert all(text in parsed.text for text in (*parsed.wholes, parsed.path, parsed.normal))

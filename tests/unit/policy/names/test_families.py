"""Families and words of derived models in names."""

from __future__ import annotations

import pytest

from prompt_policy.policy.names.families import Family, names_distillation, read_families


@pytest.mark.parametrize(
    ("name", "families"),
    [
        ("qwen3.5-9b-deepseek-v4-flash", ["qwen 3.5", "deepseek v4"]),
        ("qwen3-8b", ["qwen 3"]),
        ("qwq-32b", ["qwen"]),
        ("qwen-7b", ["qwen"]),
        ("qwen-qwen3-8b", ["qwen 3"]),
        ("deepseek-r1-distill-qwen-7b", ["deepseek r1"]),
        ("deepseek-r1-0528-qwen3-8b", ["deepseek r1"]),
        ("llama-3.1-nemotron-nano-8b-v1", ["nemotron"]),
        ("hermes-3-llama-3.1-8b", ["hermes 3", "llama 3.1"]),
        ("gpt-oss-120b-distill-phi-4-14b", ["gptoss", "phi 4"]),
        ("llama-cpp-qwen3-8b", ["qwen 3"]),
        ("mistralai-magistral-small-2506", ["mistral"]),
        ("medgemma-27b-it", ["gemma_variant"]),
        ("glm-4.1v-9b", ["glm"]),
        ("database", []),
        ("kings-and-things", []),
        ("hybrid", []),
        ("gpt-4o", ["gpt"]),
    ],
)
def test_families_are_read_in_order(name: str, families: list[str]) -> None:
    assert list(map(str, read_families(name).families)) == families


@pytest.mark.parametrize(
    ("family", "other", "included"),
    [
        (Family("qwen", "3"), Family("qwen", "3.5"), True),
        (Family("qwen", "3.5"), Family("qwen", "3"), False),
        (Family("qwen", ""), Family("qwen", "3"), True),
        (Family("qwen", "3"), Family("qwen", ""), True),
        (Family("qwen", ""), Family("phi", ""), False),
    ],
)
def test_a_family_includes_its_later_versions(family: Family, other: Family, included: bool) -> None:
    assert family.includes(other) == included


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("qwen3-8b-base", {"base"}),
        ("qwen3-8b-sentiment-lora-v2", {"lora"}),
        ("qwen3-8b-speculator.eagle3", {"speculator", "eagle3"}),
        ("qwen3guard-gen-8b", {"qwen3guard"}),
        ("gpt-oss-safeguard-20b", {"safeguard"}),
        ("qwen2.5-math-prm-7b", {"prm"}),
        ("qwen3-8b-mtp-heads", {"mtp-heads"}),
        ("qwen3.6-27b-mtp", set()),
        ("qwen3-codebase", set()),
        ("exploration", set()),
    ],
)
def test_words_of_derived_models_are_found(name: str, words: set[str]) -> None:
    assert read_families(name).derived == words


def test_a_word_between_two_families_marks_a_distillation() -> None:
    assert read_families("gpt-oss-120b-distill-phi-4").is_distilled
    assert not read_families("qwen3-8b-gpt-oss-120b-distill").is_distilled
    assert names_distillation("*distilled*")
    assert not names_distillation("*still*")

"""Normalised spellings of model names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.policy.names.spelling import clean_path, normalise_segment

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("deepseek-v3p1", "deepseek-v3.1"),
        ("glm_4_6", "glm-4.6"),
        ("glm-5-2", "glm-5.2"),
        ("qwen3_5-27b", "qwen3.5-27b"),
        ("llama-3_3-nemotron-super-49b-v1_5", "llama-3.3-nemotron-super-49b-v1.5"),
        ("llama-v3p1-8b-instruct", "llama-3.1-8b-instruct"),
        ("llama3.1:8b", "llama-3.1-8b"),
        ("gemma2-9b-it", "gemma-2-9b-it"),
        ("qwen-3-32b", "qwen3-32b"),
        ("qwen-2.5-72b-instruct", "qwen2.5-72b-instruct"),
        ("qwen3-0p6b", "qwen3-0.6b"),
        ("deepseek-r1:free", "deepseek-r1"),
        ("kimi-k2:1t-cloud", "kimi-k2-1t"),
        ("glm-5:cloud", "glm-5"),
        ("qwen3:8b-q4_k_m", "qwen3-8b"),
        ("gemma-3-27b-it-qat-q4_0-gguf", "gemma-3-27b-it"),
        ("model:groq", "model"),
        ("us.deepseek.r1-v1:0", "deepseek-r1"),
        ("qwen.qwen3-235b-a22b-2507-v1:0", "qwen3-235b-a22b-2507"),
        ("meta.llama3-1-8b-instruct-v1:0", "llama-3.1-8b-instruct"),
        ("openai.gpt-oss-20b-1:0", "gpt-oss-20b"),
        ("gpt-oss-20b-maas", "gpt-oss-20b"),
        ("mistral-small-2503@001", "mistral-small-2503"),
        ("deepseek-r1-quantized.w4a16", "deepseek-r1"),
        ("deepseek-r1-mxfp4-preview", "deepseek-r1"),
        ("qwen3-8b-ud-q4_k_xl-00001-of-00003.gguf", "qwen3-8b"),
        ("qwen2___5-7b-instruct", "qwen2.5-7b-instruct"),
    ],
)
def test_spellings_of_hubs_and_providers_are_normalised(written: str, normal: str) -> None:
    assert normalise_segment(written) == normal


@pytest.mark.parametrize(
    "name",
    [
        "qwen3-8b",
        "qwen3-30b-a3b",
        "qwen-7b",
        "deepseek-r1-0528",
        "qwen3-4b-thinking-2507",
        "qwen2.5-math-1.5b",
        "gemma-2b-it",
        "gemma-3n-e4b-it",
        "llama-3-8b",
        "magistral-small-2506",
        "deepseek-v3-0324",
        "minimax-m1-40k",
        "deepseek-r1-250120",
        "phi-4-mini-reasoning",
        "nvidia-nemotron-nano-9b-v2",
        "gpt-4o",
        "qwq-32b-preview",
        "glm-4-32b-0414",
        "ministral-3-8b-instruct-2512",
        "llama-4-scout-17b-16e-instruct",
        "awq",
        "q4",
    ],
)
def test_sizes_dates_and_plain_names_stay(name: str) -> None:
    assert normalise_segment(name) == name


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/models/glm-5/", "/models/glm-5"),
        ("qwen/qwen3-8b", "qwen/qwen3-8b"),
        ("c:\\models\\glm-5\\", "c:/models/glm-5"),
        (f"/hub/models--deepseek-ai--deepseek-r1/snapshots/{COMMIT}", "deepseek-ai/deepseek-r1"),
        (f"models--deepseek-ai--deepseek-r1/snapshots/{COMMIT}/x.gguf", "deepseek-ai/deepseek-r1/x.gguf"),
        ("models--a--b--c", "a/b--c"),
        (f"/cache/glm-5/{COMMIT}/", "/cache/glm-5"),
        ("hf.co/a/b:q4_k_m", "a/b:q4_k_m"),
        ("https://huggingface.co/a/b", "a/b"),
        ("accounts/fireworks/models/glm-4p6", "glm-4p6"),
        ("/", ""),
        ("", ""),
    ],
)
def test_addresses_and_cache_folders_are_removed(written: str, path: str) -> None:
    assert clean_path(written) == path


@given(st.text("qwen3-_.:p 8b/4k@v", max_size=20))
def test_normalising_never_fails_or_empties_a_name(text: str) -> None:
    assert bool(normalise_segment(text)) == bool(text)

"""Modes: which deployments have prompts."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.litellm.deployments.modes import has_prompts


@pytest.mark.parametrize(
    ("model", "model_info"),
    [
        ("hosted_vllm/acme", {"mode": "embedding"}),
        ("hosted_vllm/acme", {"mode": "image_generation"}),
        ("hosted_vllm/acme", {"mode": "audio_transcription"}),
        ("hosted_vllm/acme", {"mode": "rerank"}),
        ("openai/text-embedding-3-small", {}),
        ("text-embedding-3-small", {}),
        ("openai/whisper-1", {}),
        ("azure/my-own-name", {"base_model": "text-embedding-3-small"}),
    ],
)
def test_models_for_vectors_images_and_audio_have_no_prompts(model: str, model_info: dict[str, Any]) -> None:
    assert not has_prompts(model, model_info)


@pytest.mark.parametrize(
    ("model", "model_info"),
    [
        ("hosted_vllm/acme", {}),
        ("hosted_vllm/acme", {"mode": "chat"}),
        ("hosted_vllm/acme", {"mode": "completion"}),
        ("hosted_vllm/acme", {"mode": "responses"}),
        ("hosted_vllm/acme", {"mode": "a mode of a later LiteLLM"}),
        ("hosted_vllm/acme", {"mode": ["embedding"]}),
        ("openai/gpt-4o", {}),
        ("openai/text-embedding-3-small", {"mode": "chat"}),
        ("", {}),
    ],
)
def test_chat_models_and_unknown_ones_have_prompts(model: str, model_info: dict[str, Any]) -> None:
    assert has_prompts(model, model_info)

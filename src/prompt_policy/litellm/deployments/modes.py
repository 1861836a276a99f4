"""Which deployments answer prompts, by LiteLLM's mode of their model."""

from __future__ import annotations

from typing import Final

from prompt_policy.wire import JsonObject

_MODES_WITHOUT_PROMPTS: Final = frozenset(
    {
        "audio_speech",
        "audio_transcription",
        "embedding",
        "image_edit",
        "image_generation",
        "moderation",
        "ocr",
        "rerank",
        "search",
        "vector_store",
        "video_generation",
    }
)
"""LiteLLM's modes of models that do not answer chat prompts. An unknown mode counts as one with prompts."""


def has_prompts(model: str, model_info: JsonObject) -> bool:
    """Return whether a deployment answers prompts, by ``model_info.mode`` or else by LiteLLM's cost map."""
    mode = model_info.get("mode") or _find_mode(model) or _find_mode(str(model_info.get("base_model") or ""))
    return not isinstance(mode, str) or mode not in _MODES_WITHOUT_PROMPTS


def _find_mode(model: str) -> str | None:
    """Return the mode of a model in LiteLLM's cost map, with or without its provider, or None."""
    import litellm

    for name in (model, model.partition("/")[2]):
        if isinstance(mode := (litellm.model_cost.get(name) or {}).get("mode"), str):
            return mode
    return None

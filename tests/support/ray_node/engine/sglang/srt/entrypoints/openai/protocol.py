"""The data types that Ray Serve LLM imports from SGLang: they accept any field, and the chat types have those it reads.

The real ones need PyTorch. What is tested is Ray's ingress, which passes these objects from a request to an engine.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class AnyFields(BaseModel):
    """The base of all types."""

    model_config = ConfigDict(extra="allow")


class ChatCompletionRequest(AnyFields):
    """A chat request."""

    model: str | None = None
    messages: list[Any]
    stream: bool = False


class CompletionRequest(AnyFields):
    """A completion request."""

    model: str | None = None
    prompt: Any
    stream: bool = False


class ChatCompletionResponse(AnyFields):
    """A whole answer."""


class ChatCompletionStreamResponse(AnyFields):
    """A chunk."""


class CompletionResponse(AnyFields):
    """A whole completion."""


class CompletionStreamResponse(AnyFields):
    """A chunk of a completion."""


class DetokenizeRequest(AnyFields):
    """Not used."""


class DetokenizeResponse(AnyFields):
    """Not used."""


class EmbeddingRequest(AnyFields):
    """Not used."""


class EmbeddingResponse(AnyFields):
    """Not used."""


class ScoringRequest(AnyFields):
    """Not used."""


class ScoringResponse(AnyFields):
    """Not used."""


class TokenizeRequest(AnyFields):
    """Not used."""


class TokenizeResponse(AnyFields):
    """Not used."""

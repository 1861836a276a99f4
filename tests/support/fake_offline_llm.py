"""A fake of vLLM's offline ``LLM`` and of its request class, which cannot be installed beside this project.

``LLM.chat`` records its calls. The tests in ``tests/integration/vllm`` use the real one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class FakeRequest(SimpleNamespace):
    """Stands for ``ChatCompletionRequest``; its sampling parameters are a mapping."""

    def __init__(self, **body: Any) -> None:
        super().__init__(**{"max_tokens": None, "max_completion_tokens": None, **body})

    def to_sampling_params(self, max_tokens: int | None, defaults: dict[str, Any]) -> dict[str, Any]:
        """Return what the request and the defaults of the model set."""
        return {**defaults, "max_tokens": max_tokens, "temperature": vars(self).get("temperature")}


class FakeOfflineLLM:
    """Answers each conversation with the same text."""

    def __init__(self, text: str, **defaults: Any) -> None:
        self.calls: list[tuple[list[Any], list[Any], dict[str, Any]]] = []
        self.model_config = SimpleNamespace(get_diff_sampling_param=lambda: defaults)
        self._text = text

    def chat(self, messages: list[Any], sampling_params: list[Any], *, use_tqdm: bool, **options: Any) -> list[Any]:
        """Record a call, and answer it."""
        assert not use_tqdm
        self.calls.append((messages, sampling_params, options))
        choice = SimpleNamespace(index=0, text=self._text, finish_reason="stop")
        return [SimpleNamespace(outputs=[choice], messages=each) for each in messages]

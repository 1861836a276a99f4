"""Text completions: parameters only, because a prompt may be a rendered template or token ids."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_policy.wire.request import Request
from prompt_policy.wire.turn import Turn
from prompt_policy.wire.values import JsonObject


class CompletionsRequest(Request):
    """A body of ``/v1/completions``."""

    endpoint = "completions"
    token_limit = "max_tokens"
    text_path = "prompt"

    def _read_turns(self) -> Sequence[Turn]:
        return ()

    def _write_turns(self, body: JsonObject, turns: Sequence[Turn]) -> None:
        raise NotImplementedError("a text completion has no turns")

    def open_answer(self, text: str) -> None:
        """Raise: a text completion's prompt belongs to the client."""
        raise NotImplementedError("a text completion has no turns")

    @property
    def last_user_text(self) -> str:
        """The prompt where it is one text."""
        prompt = self._body.get("prompt")
        return prompt if isinstance(prompt, str) else ""

"""Text completions: a view of the parameters only, because a prompt may be a rendered template or token ids."""

from __future__ import annotations

from prompt_policy.wire.requests.base import Change, Request
from prompt_policy.wire.requests.conversation import NO_CONVERSATION, Conversation
from prompt_policy.wire.requests.parameters import MAX_TOKENS_ONLY
from prompt_policy.wire.values import MISSING, JsonObject


class CompletionsRequest(Request):
    """A body of ``/v1/completions``."""

    endpoint = "completions"
    token_limits = MAX_TOKENS_ONLY
    text_change = Change("prompt", MISSING, MISSING)

    def _read(self) -> Conversation:
        return NO_CONVERSATION

    def _write(self, body: JsonObject, conversation: Conversation) -> None:
        raise NotImplementedError("text completions have no conversation")

    def add_prefill(self, text: str) -> None:
        """Raise NotImplementedError: a text completion's prompt belongs to the client."""
        raise NotImplementedError("text completions have no conversation")

    @property
    def last_user_text(self) -> str:
        """The prompt if it is a single text, or an empty string."""
        prompt = self._body.get("prompt")
        return prompt if isinstance(prompt, str) else ""

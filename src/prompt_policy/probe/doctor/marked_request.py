"""The request of the doctor: short, cheap, and marked so that operators find it in their logs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final

from prompt_policy.conditions.context import DOCTOR_HEADER
from prompt_policy.wire import Endpoint
from prompt_policy.wire.values import JsonObject

_MAX_TOKENS: Final = 8
_PATHS: Final[dict[Endpoint, str]] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}


def _create_mark() -> str:
    return f"doctor-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class MarkedRequest:
    """A request that a host answers with the policy, the reason and the result of each rule.

    Arguments:
        endpoint: ``chat``, ``responses`` or ``messages``.
        model: the model to request.
        stream: whether to request a stream.
        mark: the text that identifies the request, in a header and in the user turn.
    """

    endpoint: Endpoint
    model: str
    stream: bool = False
    mark: str = field(default_factory=_create_mark)

    @property
    def path(self) -> str:
        """The path of the endpoint, below the server's root."""
        return _PATHS[self.endpoint]

    @property
    def headers(self) -> dict[str, str]:
        """The headers that mark the request."""
        return {DOCTOR_HEADER: self.mark, "User-Agent": "prompt-policy-doctor"}

    def build_body(self) -> JsonObject:
        """Return the body. It sets no sampling parameter, so that every server accepts it."""
        text = f"This is a test by prompt-policy {self.mark}. Reply with OK."
        body: JsonObject = {"model": self.model, **({"stream": True} if self.stream else {})}
        if self.endpoint == "responses":
            return {**body, "input": text, "max_output_tokens": _MAX_TOKENS}
        return {**body, "messages": [{"role": "user", "content": text}], "max_tokens": _MAX_TOKENS}

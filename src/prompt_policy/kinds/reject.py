"""Reject a request with a message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Rule, Transform, TurnPredicate
from prompt_policy.wire import Request


class Reject(Rule):
    """Reject a request with a message.

    The client receives HTTP 400 with an OpenAI error body: ``code: policy_violation``, and ``param`` if it is set.
    The request is not sent to a fallback model.
    """

    acts_on = frozenset({"chat", "completions", "responses", "messages"})

    kind: Literal["reject"]
    message: str = Field(min_length=1, max_length=1000, description="The error message for the client.")
    param: str | None = Field(None, min_length=1, description="The request field to which the error refers.")

    @property
    def can_reject(self) -> bool:
        """Always."""
        return True

    @property
    def is_final(self) -> bool:
        """Without ``when`` and ``profile``."""
        return self.when is None and self.profile is None

    def transform(self) -> Transform:
        """Compile to a function that rejects the request."""

        def transform(_request: Request, _applies_to: TurnPredicate) -> None:
            raise Refusal(self.message, param=self.param)

        return transform

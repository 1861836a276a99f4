"""Refuse a request with a message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Admits, Rule, Transform
from prompt_policy.wire import Request


class Reject(Rule):
    """Refuse a request with a message.

    The client gets HTTP 400 with an OpenAI error body: ``code: policy_violation``, and ``param`` if given. The
    request is not sent to another model instead.
    """

    acts_on = frozenset({"chat", "completions", "responses", "messages"})

    kind: Literal["reject"]
    message: str = Field(min_length=1, max_length=1000, description="What the client is told.")
    param: str | None = Field(None, description="The offending field of the request.")

    @property
    def may_refuse(self) -> bool:
        """Always."""
        return True

    def transform(self) -> Transform:
        """Compile to a function that refuses."""

        def transform(_request: Request, _admits: Admits) -> None:
            raise Refusal(self.message, param=self.param)

        return transform

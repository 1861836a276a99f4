"""The errors that prompt-policy raises on purpose.

PromptPolicyError
├── LoadError      policy files that cannot be used; one line per mistake
├── UsageError     a request to the program that cannot be met; one line
├── ServerError    a server that does not answer as it was asked to; one line with what to check
├── Refusal        a client's request that a rule refuses; HTTP 400
└── Fault          a fault of ours at run time under ``on_error: closed``; HTTP 500
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PromptPolicyError(Exception):
    """The base of everything raised on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a policy file, printed as ``file:line:column: path: message``.

    ``line`` and ``column`` count from 1; 0 means that the whole file is meant.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        line = ": ".join(part for part in (place, self.path, self.message) if part)
        return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class LoadError(PromptPolicyError):
    """Policy files that cannot be used. ``problems`` holds every mistake found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(PromptPolicyError):
    """Something the user asked for cannot be done; the message is one line with its remedy."""


class ServerError(PromptPolicyError):
    """A server does not answer as it was asked to; the message is one line with what to check."""


class Refusal(PromptPolicyError):
    """A request that a rule refuses: HTTP 400 with ``code: policy_violation``.

    ``param`` names the offending field of the request, or is None.
    """

    status = 400
    code = "policy_violation"
    type = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def body(self) -> dict[str, dict[str, str | None]]:
        """Return the error as OpenAI's APIs write it."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class Fault(Refusal):
    """A fault of ours at run time, where the policy says ``on_error: closed``: HTTP 500."""

    status = 500
    code = "policy_fault"
    type = "api_error"

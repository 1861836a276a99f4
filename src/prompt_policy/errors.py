"""The exceptions that prompt-policy raises deliberately, and the words for reporting an error.

PromptPolicyError
├── LoadError      policy files that cannot be used; one line per error
├── UsageError     a request to the program that cannot be met; one line
├── ServerError    an upstream server that failed or returned an unexpected response; one line with what to check
├── Refusal        a client's request that a rule rejects; HTTP 400
└── InternalError  an internal error at run time under ``on_error: closed``; HTTP 500
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass


class PromptPolicyError(Exception):
    """The base class of all exceptions that prompt-policy raises deliberately."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error in a policy file, printed as ``file:line:column: path: message``.

    Arguments:
        file: the file's name, as it is printed.
        line: from 1; 0 if the error concerns the whole file.
        column: from 1; 0 if the error concerns the whole file.
        path: the place in the data, such as ``rules[0].parameters``; empty for the whole file.
        message: what is wrong, and how to fix it.
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
    """Policy files that cannot be used. ``problems`` holds every error found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[LoadError], tuple[tuple[Problem, ...]]]:
        """Pickle the problems, which are not the message that the base class stores."""
        return type(self), (self.problems,)


class UsageError(PromptPolicyError):
    """A request of the user that cannot be met; the message is one line with its remedy."""


class ServerError(PromptPolicyError):
    """An upstream server failed or returned an unexpected response; the message is one line with what to check."""


class Refusal(PromptPolicyError):
    """A request that a rule rejects: HTTP 400 with ``code: policy_violation``.

    ``param`` names the offending field of the request. It is absent (None) if no single field is to blame.
    """

    status = 400
    code = "policy_violation"
    type = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def body(self) -> dict[str, dict[str, str | None]]:
        """Return the JSON body of the response, in the format of OpenAI's APIs."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class InternalError(Refusal):
    """An internal error at run time, if the policy sets ``on_error: closed``: HTTP 500."""

    status = 500
    code = "policy_fault"
    type = "api_error"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known word closest to ``word``, or an empty text."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""

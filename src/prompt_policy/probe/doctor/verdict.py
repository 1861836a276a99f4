"""The verdicts of the doctor, each with its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACTS: Final = "acts"
EXIT_CODES: Final = {
    # The policy acts.
    ACTS: 0,
    "refused-by-policy": 0,
    # It does not.
    "no-callback": 1,
    "old-litellm": 1,
    "no-middleware": 1,
    "rust-front-end": 1,
    "no-host": 1,
    "not-covered": 1,
    "unmatched": 1,
    "exempt": 1,
    "other-policy": 1,
    "other-version": 1,
    "audit": 1,
    "no-rule": 1,
    "broken-binding": 1,
    "policy-fault": 1,
    "no-stream": 1,
    "broken-stream": 1,
    "answer-not-filtered": 1,
    # It cannot be determined.
    "unreachable": 2,
    "unknown-host": 2,
    "tls": 2,
    "timeout": 2,
    "not-http": 2,
    "redirect": 2,
    "html": 2,
    "not-openai": 2,
    "unauthorized": 2,
    "no-model": 2,
    "unknown-model": 2,
    "unknown-route": 2,
    "rate-limited": 2,
    "rejected": 2,
    "backend-error": 2,
}
"""The exit code of each verdict: 0 the policy acts, 1 it does not, 2 it cannot be determined."""


@dataclass(frozen=True)
class DoctorVerdict:
    """The result of an examination.

    Arguments:
        name: a key of ``EXIT_CODES``.
        message: what was found, as a clause.
        remedy: what to do, as a clause; empty if there is nothing to do.
    """

    name: str
    message: str
    remedy: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return EXIT_CODES[self.name]

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

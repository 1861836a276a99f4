"""What the headers of a response state about the policy: by the host that was asked, or by a server behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from prompt_policy.litellm.deployments.binding import POLICY_KEY
from prompt_policy.runtime.decision import (
    APPLIED_HEADER,
    CHANGED_HEADER,
    HOST_HEADER,
    NO_POLICY,
    POLICY_HEADER,
    REASON_HEADER,
    RULES_HEADER,
)

Selection = Literal["binding", "name", "alias"]
"""How a host selected a policy: a setting names it, or a pattern matches the model's name or its alias."""
_BEHIND_PREFIX: Final = "llm_provider-"  # LiteLLM's, of the headers of the server that it forwards to


@dataclass(frozen=True)
class HostReport:
    """The report of a host on one request.

    Arguments:
        policy: name and hash of the policy; ``none`` if none applies; None: the host reports nothing.
        host: the host and its version; None: unknown.
        reason: why this policy, or none, applies, as a clause; None: unknown.
        applied: the rules that changed the request.
        changed: the changed fields.
        rules: the result of each rule, such as ``fired`` or ``idle;filters``; empty if unknown.
        is_behind: whether the report is that of a server behind the one that was asked.
    """

    policy: str | None = None
    host: str | None = None
    reason: str | None = None
    applied: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    is_behind: bool = False

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> HostReport:
        """Return the report in the headers of a response, whose names are in lower case."""
        own = cls._read(headers, "")
        if own.policy in (None, NO_POLICY) and f"{_BEHIND_PREFIX}{POLICY_HEADER}" in headers:
            return cls._read(headers, _BEHIND_PREFIX)
        return own

    @classmethod
    def _read(cls, headers: Mapping[str, str], prefix: str) -> HostReport:
        rules = [rule.partition("=") for rule in _split(headers.get(prefix + RULES_HEADER))]
        return cls(
            headers.get(prefix + POLICY_HEADER),
            headers.get(prefix + HOST_HEADER),
            headers.get(prefix + REASON_HEADER),
            _split(headers.get(prefix + APPLIED_HEADER)),
            _split(headers.get(prefix + CHANGED_HEADER)),
            {rule: result for rule, _equals, result in rules},
            bool(prefix),
        )

    @property
    def has_policy(self) -> bool:
        """Whether a policy applies to the request."""
        return self.policy not in (None, NO_POLICY)

    @property
    def name(self) -> str:
        """The policy's name, without its hash."""
        return (self.policy or "").partition("@")[0]

    @property
    def selected_by(self) -> Selection | None:
        """How the host selected the policy; None: it selected none, or does not report it."""
        if not self.has_policy or self.reason is None:
            return None
        if self.reason.startswith("its "):
            return "alias" if self.reason.startswith("its alias") else "name"
        return "binding"

    @property
    def refusing_rules(self) -> list[str]:
        """The rules that refused the request."""
        return [rule for rule, result in self.rules.items() if result == "refused"]

    @property
    def is_audit(self) -> bool:
        """Whether every rule only audits."""
        return bool(self.rules) and all(";audit" in result for result in self.rules.values())

    @property
    def has_no_rules(self) -> bool:
        """Whether the host reports that no rule acts on the endpoint; with ``mode: off``, none does."""
        return self.host is not None and not self.rules


BINDING_KEY: Final = f"model_info.{POLICY_KEY}"


def _split(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())

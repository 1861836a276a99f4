"""The state of one request and its answer, stored on the logging object that all hooks of LiteLLM receive."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.runtime import AppliedPolicy
from prompt_policy.wire import JsonObject
from prompt_policy.wire.capabilities import NO_OBSTACLES, Capability

_STATE_KEY: Final = "prompt_policy"
_LOGGING_OBJECT: Final = "litellm_logging_obj"
_CURRENT: Final[ContextVar[Any]] = ContextVar("prompt_policy_logging_object", default=None)


@dataclass
class RequestState:
    """The state of one request, shared by all its attempts: retries and fallbacks included.

    Attributes:
        resolver: the policies at the time of the first attempt.
        applied: the result of applying a policy to the last call of the last attempt; None if its deployment has no
            policy. If LiteLLM makes several calls for one answer, the client reads the last one's.
        reported: the result for the first call of the last attempt, which logs and headers name.
        is_deferred: whether LiteLLM is expected to make another call, to which the policy will apply.
        refusal: the refusal of an earlier attempt. It is final: routers before 1.105 try the next model after a
            refusal, and that attempt is refused, too.
        reason: the reason why a policy, or none, applies to the last attempt; only for `prompt-policy doctor`.
        branches: for a request to several models at once: the latest attempt of each of its calls, by task.
        obstacles: the capabilities that the way of the request lacks, beside those of its deployment.
    """

    resolver: DeploymentResolver
    applied: AppliedPolicy | None = None
    reported: AppliedPolicy | None = None
    is_deferred: bool = False
    refusal: Exception | None = None
    reason: str = ""
    branches: dict[Any, Branch] | None = None
    obstacles: Mapping[Capability, str] = field(default_factory=lambda: NO_OBSTACLES)

    def begin_other(self, resolver: DeploymentResolver) -> RequestState:
        """Return the state of another request on the same way."""
        return RequestState(resolver, obstacles=self.obstacles)

    def reset(self) -> None:
        """Forget the results of an earlier attempt."""
        self.applied = self.reported = None
        self.is_deferred = False

    def add_result(self, applied: AppliedPolicy) -> bool:
        """Store the result of applying a policy to a call; return whether it is the first of the attempt."""
        is_first = self.reported is None
        self.applied = applied
        self.reported = self.reported or applied
        return is_first


class Branch(NamedTuple):
    """The latest attempt of one of the calls of a request to several models."""

    state: RequestState
    deployment: Any
    messages: Any


def begin_attempt(data: JsonObject, resolver: DeploymentResolver) -> RequestState:
    """Return the state of a request for a new attempt, and store it for the later hooks."""
    state = find_state(data)
    if state is None:
        state = RequestState(resolver)
        logging_obj = data.get(_LOGGING_OBJECT)
        if logging_obj is not None:
            logging_obj.model_call_details[_STATE_KEY] = state
    state.reset()
    return state


def find_state(data: JsonObject) -> RequestState | None:
    """Return the state of a request, or None before the first attempt."""
    details = getattr(data.get(_LOGGING_OBJECT), "model_call_details", None)
    state = details.get(_STATE_KEY) if isinstance(details, dict) else None
    return state if isinstance(state, RequestState) else None


def store_request(data: JsonObject) -> None:
    """Store the logging object of a client's request for ``restore_request``, which runs in the same task."""
    _CURRENT.set(data.get(_LOGGING_OBJECT))


def restore_request(data: JsonObject) -> JsonObject:
    """Return the data of a request with its logging object.

    LiteLLM removes it from the data of a failed request before it calls the hook for the headers of the error.
    """
    if _LOGGING_OBJECT in data or (logging_obj := _CURRENT.get()) is None:
        return data
    return {**data, _LOGGING_OBJECT: logging_obj}

"""What belongs to one request and its answer, kept where every hook of LiteLLM finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prompt_policy.litellm.binding import Binding
from prompt_policy.runtime import Applied
from prompt_policy.wire import JsonObject

_KEY: Final = "prompt_policy"


@dataclass
class State:
    """One request. Retries and fallbacks keep ``binding``, the policies as they were at the first attempt.

    ``applied`` is of the last attempt, and None where its deployment has no policy. ``refusal`` is for good: older
    routers try the next model after one, and that one must refuse too.
    """

    binding: Binding
    applied: Applied | None = None
    refusal: Exception | None = None

    @classmethod
    def renewed(cls, data: JsonObject, binding: Binding) -> State:
        """Return the state for a new attempt, noted where the later hooks find it."""
        before = state_of(data)
        state = cls(before.binding, refusal=before.refusal) if before else cls(binding)
        logging_obj = data.get("litellm_logging_obj")
        if logging_obj is not None:
            logging_obj.model_call_details[_KEY] = state
        return state


def state_of(data: JsonObject) -> State | None:
    """Return the state that an attempt noted, or None."""
    logging_obj = data.get("litellm_logging_obj")
    details = getattr(logging_obj, "model_call_details", None)
    state = details.get(_KEY) if isinstance(details, dict) else None
    return state if isinstance(state, State) else None

"""Recognises the calls that LiteLLM makes within another call, by an object in LiteLLM's own metadata.

LiteLLM passes its metadata on to nested calls, but not to retries and fallbacks, which start from the first arguments.
A client cannot create the object, because it is not JSON.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, Self

from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.state import RequestState
from prompt_policy.policy.names.selection import strip_provider
from prompt_policy.wire import JsonObject

_KEY: Final = "prompt_policy_call"
_CACHE: Final = "cache"
_NO_CACHE: Final = MappingProxyType({"no-cache": True, "no-store": True})
_PLACES: Final = ("litellm_metadata", "metadata")


class OuterCall(dict[str, Any]):
    """The call around nested ones. It is an empty mapping to LiteLLM's loggers.

    Attributes:
        state: the state of the request.
        call: the arguments of the call.
        is_covered: whether the policy applied to this call. If not, it applies to the nested ones.
        is_session: whether each nested call is a request of its own.
    """

    def __init__(
        self, state: RequestState, call: DeploymentCall, *, is_covered: bool = False, is_session: bool = False
    ) -> None:
        super().__init__()
        self.state = state
        self.call = call
        self.is_covered = is_covered
        self.is_session = is_session

    def __deepcopy__(self, _memo: Any) -> Self:
        return self

    def enter(self, kwargs: JsonObject, current: DeploymentResolver) -> tuple[DeploymentCall, RequestState] | None:
        """Return a nested call with the state for it, or None if the policy has been applied to it.

        A call of another model is a request of its own, such as for a summary. The requests of a session get the
        ``current`` policies, others those of the outer call.
        """
        if not self.is_covered and not self.is_session:
            kwargs = _restore_cache(kwargs, self.call.kwargs)
        nested = DeploymentCall.from_kwargs(kwargs)
        state = self.state.begin_other(current) if self.is_session else self.state
        if not _name_same_model(nested.model, self.call.model):
            return nested._replace(is_proxied=self.call.is_proxied), state.begin_other(state.resolver)
        if self.is_covered:
            return None
        return self.call.replace_kwargs(kwargs), state


def find_outer_call(kwargs: JsonObject) -> OuterCall | None:
    """Return the call within which LiteLLM makes a call with these keyword arguments, or None."""
    for place in _PLACES:
        metadata = kwargs.get(place)
        if isinstance(metadata, dict) and isinstance(outer := metadata.get(_KEY), OuterCall):
            return outer
    return None


def mark_nested_calls(kwargs: JsonObject, outer: OuterCall) -> JsonObject:
    """Return a copy of a call's keyword arguments from which its nested calls are recognised.

    If the policy applies to the nested calls, LiteLLM's cache serves only these. An answer to the call itself would
    reach the client without any nested call, and so without the policy.
    """
    own = outer.call.metadata
    place = next((place for place in _PLACES if own and kwargs.get(place) is own), _PLACES[0])
    metadata = kwargs.get(place)
    marked = {**kwargs, place: {**(metadata if isinstance(metadata, dict) else {}), _KEY: outer}}
    if not outer.is_covered and not outer.is_session:
        options = kwargs.get(_CACHE)
        marked[_CACHE] = {**(options if isinstance(options, dict) else {}), **_NO_CACHE}
    return marked


def _restore_cache(kwargs: JsonObject, outer: JsonObject) -> JsonObject:
    """Return the keyword arguments of a nested call with the outer call's own options for LiteLLM's cache."""
    restored = {name: value for name, value in kwargs.items() if name != _CACHE}
    return {**restored, _CACHE: outer[_CACHE]} if _CACHE in outer else restored


def _name_same_model(name: str, other: str) -> bool:
    """Return whether two names differ at most in LiteLLM's prefixes."""
    return strip_provider(name) == strip_provider(other) or name.endswith(f"/{other}") or other.endswith(f"/{name}")

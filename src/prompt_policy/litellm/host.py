"""The LiteLLM callback: requests in the deployment hook, answers in the success and iterator hooks.

LiteLLM looks several hooks up in the callback's own class only, so all of them stand in one leaf class. The
deployment hook runs once per attempt and knows the real model; it returns copies, because LiteLLM hands the same
messages to every retry and fallback. What belongs to a request rides on its logging object, which all hooks share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from litellm.integrations.custom_logger import CustomLogger
from litellm.types.utils import CallTypes

from prompt_policy.errors import Fault, UsageError
from prompt_policy.litellm.binding import Binding, facts_of, route_of
from prompt_policy.litellm.detours import detours_of, without_detours
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.litellm.other_answers import policed_chunks, rewritten_whole
from prompt_policy.litellm.refusal import PolicyRefused
from prompt_policy.litellm.request import body_of, changed_kwargs
from prompt_policy.litellm.state import State, state_of
from prompt_policy.runtime import Applied
from prompt_policy.runtime.report import Reporter
from prompt_policy.runtime.store import Source
from prompt_policy.wire import Endpoint, JsonObject

log = logging.getLogger("prompt_policy")

_ENDPOINTS: Final[dict[Foreign, Endpoint]] = {
    CallTypes.acompletion: "chat",
    CallTypes.atext_completion: "completions",
    CallTypes.aresponses: "responses",
}
_ROUTES: Final[dict[str, Endpoint]] = {
    "acompletion": "chat",
    "atext_completion": "completions",
    "aresponses": "responses",
    "anthropic_messages": "messages",
}
_PASSED_THROUGH: Final = CallTypes.allm_passthrough_route
_SHOWN_OF_ROUTE: Final = 200
_WARNED_AT_MOST: Final = 100
_POLICED: Final = ("/completions", "/responses", "/v1/messages")


class PolicyCallback(CustomLogger):  # type: ignore[misc]  # LiteLLM has no types
    """Enforces policies on what passes a LiteLLM proxy."""

    def __init__(self, bindings: Source[Binding], reporter: Reporter | None = None) -> None:
        super().__init__()
        self._bindings = bindings
        self._reporter = reporter or Reporter()
        self._warned: set[str] = set()
        self.starting: asyncio.Task[None] | None = None

    @property
    def binding(self) -> Binding:
        """The policies as they are now; a request keeps those that it began with."""
        return self._bindings.current

    async def async_pre_call_hook(
        self, user_api_key_dict: Foreign, cache: Foreign, data: JsonObject, call_type: str
    ) -> None:
        """Refuse early where every deployment of the alias has the same policy: before any is tried."""
        endpoint = _ROUTES.get(call_type)
        pipeline = self.binding.shared(data.get("model")) if endpoint else None
        if endpoint and pipeline is not None:
            body, facts = body_of(data), facts_of(data)
            if not pipeline.may_refuse(body, endpoint, facts):
                return
            applied = pipeline.apply(body, endpoint, facts)
            if applied.refusal is not None:
                self._reporter.report(applied)
                raise PolicyRefused(applied.refusal, applied.decision.headers())

    async def async_pre_call_deployment_hook(self, kwargs: JsonObject, call_type: Foreign) -> JsonObject | None:
        """Apply the policy of the deployment that was chosen for this attempt."""
        endpoint = _ENDPOINTS.get(call_type)  # of what is sent: a request to Messages is a chat or a response by now
        if endpoint is None:
            if call_type == _PASSED_THROUGH:
                self._warn_of("LiteLLM's pass-through routes")
            return None
        if not _is_policed(route_of(kwargs)):
            self._warn_of(route_of(kwargs))
            return None
        state = State.renewed(kwargs, self.binding)
        straight = self._without_detours(kwargs)
        try:
            changed = self._policed(straight, endpoint, state)
        except PolicyRefused as refused:
            state.refusal = refused
            raise
        return straight if changed is None and straight is not kwargs else changed

    def _without_detours(self, kwargs: JsonObject) -> JsonObject:
        detours = detours_of(kwargs)
        for detour in detours:
            self._warn_once(f"a client's {detour} is not granted: it would lead around the policy")
        return without_detours(kwargs, detours) if detours else kwargs

    def _warn_of(self, route: str) -> None:
        shown = "".join(character if character.isprintable() else "?" for character in route[:_SHOWN_OF_ROUTE])
        self._warn_once(f"requests to {shown} pass without any policy")

    def _warn_once(self, warning: str) -> None:
        if warning not in self._warned and len(self._warned) < _WARNED_AT_MOST:  # routes are clients' words
            self._warned.add(warning)
            log.warning("%s", warning)

    def _policed(self, kwargs: JsonObject, endpoint: Endpoint, state: State) -> JsonObject | None:
        if state.refusal is not None:
            raise state.refusal
        try:
            pipeline = state.binding.of_deployment(kwargs)
        except UsageError as error:
            raise PolicyRefused(Fault(f"the deployment's policy is not there: {error}"), {}) from None
        if pipeline is None:
            return None
        applied = pipeline.apply(body_of(kwargs), endpoint, facts_of(kwargs))
        state.applied = applied
        self._reporter.report(applied)
        if applied.refusal is not None:
            raise PolicyRefused(applied.refusal, applied.decision.headers())
        return changed_kwargs(kwargs, applied.body, endpoint)

    async def async_post_call_success_hook(
        self, data: JsonObject, user_api_key_dict: Foreign, response: Foreign
    ) -> Foreign:
        """Return the answer that the client is to read; LiteLLM's cache and logs keep the original."""
        applied = _applied(data)
        texts = applied.answer() if applied else None
        return response if texts is None else rewritten_whole(response, texts)

    def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Foreign, response: AsyncIterator[Foreign], request_data: JsonObject
    ) -> AsyncIterator[Foreign]:
        """Return the stream that the client is to read; a chunk whose text stays is the very same object."""
        return policed_chunks(response, lambda: _applied(request_data)) if state_of(request_data) else response

    async def async_post_call_response_headers_hook(
        self,
        data: JsonObject,
        user_api_key_dict: Foreign,
        response: Foreign,
        request_headers: dict[str, str] | None = None,
        litellm_call_info: JsonObject | None = None,
    ) -> dict[str, str] | None:
        """Say in headers which policy was applied and what it changed."""
        applied = _applied(data)
        return applied.decision.headers() if applied else None


def _is_policed(route: str) -> bool:
    """Tell whether a client's route is one whose answers are policed, too; the SDK has none."""
    return not route or route.endswith(_POLICED)


def _applied(data: JsonObject) -> Applied | None:
    state = state_of(data)
    return state.applied if state else None

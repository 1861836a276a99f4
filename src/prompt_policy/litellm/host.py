"""The LiteLLM callback: requests in the deployment hook, answers in the success and iterator hooks.

LiteLLM looks several hooks up in the callback's own class only, so all of them stand in one leaf class. The
deployment hook runs once per attempt and knows the real model; it returns copies, because LiteLLM hands the same
messages to every retry and fallback. What belongs to a request rides on its logging object, which all hooks share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from litellm.integrations.custom_logger import CustomLogger
from litellm.types.utils import CallTypes

from prompt_policy.errors import Fault, UsageError
from prompt_policy.litellm.binding import Binding, facts_of, route_of
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.litellm.other_answers import rewritten_chunks, rewritten_whole
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
_POLICED: Final = ("/completions", "/responses", "/v1/messages")
_WARNED_AT_MOST: Final = 1000  # a route may hold a model's name, which clients make up


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
            applied = pipeline.apply(body_of(data), endpoint, facts_of(data))
            if applied.refusal is not None:
                self._reporter.report(applied)
                raise PolicyRefused(applied.refusal, applied.decision.headers())

    async def async_pre_call_deployment_hook(self, kwargs: JsonObject, call_type: Foreign) -> JsonObject | None:
        """Apply the policy of the deployment that was chosen for this attempt."""
        endpoint = _ENDPOINTS.get(call_type)  # of what is sent: a request to Messages is a chat or a response by now
        if endpoint is None:
            return None
        if not _is_policed(route_of(kwargs)):
            self._warn_of(route_of(kwargs))
            return None
        state = State.renewed(kwargs, self.binding)
        try:
            return self._policed(kwargs, endpoint, state)
        except PolicyRefused as refused:
            state.refusal = refused
            raise

    def _warn_of(self, route: str) -> None:
        if route not in self._warned and len(self._warned) < _WARNED_AT_MOST:
            self._warned.add(route)
            log.warning("requests to %s pass without any policy", route)

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

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Foreign, response: AsyncIterator[Foreign], request_data: JsonObject
    ) -> AsyncGenerator[Foreign, None]:
        """Yield the stream that the client is to read; a chunk whose text stays is the very same object."""
        applied = _applied(request_data)
        texts = applied.answer() if applied else None
        chunks = response if texts is None else rewritten_chunks(response, texts)
        async for chunk in chunks:
            yield chunk

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

"""The LiteLLM callback: requests in the deployment hook, answers in the success and iterator hooks.

LiteLLM looks up several hooks in the callback's own class only, so a single class defines all of them. The deployment
hook runs once per attempt, when the real model is known. It returns copies, because LiteLLM passes the same messages
to every retry and fallback. The state of a request is stored on its logging object, which all hooks share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final, cast

from litellm.integrations.custom_logger import CustomLogger

from prompt_policy.conditions.context import DOCTOR_HEADER
from prompt_policy.errors import InternalError, UsageError
from prompt_policy.litellm.blocked_overrides import (
    apply_deployment_text,
    describe_override,
    find_overrides,
    find_prompt_refusal,
    forget_overrides,
    strip_overrides,
)
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.batches import begin_branch, find_branch, list_headers, rewrite_batch, split_models
from prompt_policy.litellm.calls.call_types import CallType
from prompt_policy.litellm.calls.conversions import is_converted
from prompt_policy.litellm.calls.kwargs import replace_body
from prompt_policy.litellm.calls.native_messages import apply_to_native_messages
from prompt_policy.litellm.calls.nesting import OuterCall, find_outer_call, mark_nested_calls
from prompt_policy.litellm.calls.notices import Notices
from prompt_policy.litellm.calls.sessions import begin_session
from prompt_policy.litellm.deployments.health_checks import identify_deployment, is_health_check
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.errors import RejectedRequestError, create_rejection
from prompt_policy.litellm.releases.compatibility import find_litellm_version
from prompt_policy.litellm.releases.router import list_deployments
from prompt_policy.litellm.state import RequestState, begin_attempt, find_state, restore_request, store_request
from prompt_policy.litellm.streams import rewrite_litellm_answer, rewrite_stream
from prompt_policy.runtime import AppliedPolicy, Pipeline
from prompt_policy.runtime.decision import HOST_HEADER, build_diagnosis, describe_host
from prompt_policy.runtime.hot_reload import PolicyProvider
from prompt_policy.runtime.telemetry import DecisionReporter
from prompt_policy.wire import Endpoint, JsonObject

log = logging.getLogger("prompt_policy")

_SHARED_POLICY: Final = "all deployments of the model have it"

_NOT_CONVERTED: Final = (
    "LiteLLM has sent a request that it was expected to convert, so no policy applied to it; "
    "report it to the developers of prompt-policy"
)


class PolicyCallback(CustomLogger):  # type: ignore[misc]  # LiteLLM has no types
    """Enforces policies on the requests and answers of a LiteLLM proxy.

    Arguments:
        policies: provides the current resolver of deployments.
        reporter: logs each decision.
        covers_health_checks: whether policies apply to LiteLLM's health checks.
    """

    def __init__(
        self,
        policies: PolicyProvider[DeploymentResolver],
        reporter: DecisionReporter | None = None,
        *,
        covers_health_checks: bool = False,
    ) -> None:
        super().__init__()
        self._covers_health_checks = covers_health_checks
        self._policies = policies
        self._reporter = reporter or DecisionReporter()
        self._notices = Notices()
        self.startup_task: asyncio.Task[None] | None = None
        """The task that logs the deployments' policies; the reference prevents its garbage collection."""

    @property
    def resolver(self) -> DeploymentResolver:
        """The current policies. A request keeps those of its first attempt."""
        return self._policies.current

    async def async_pre_call_hook(self, user_api_key_dict: Any, cache: Any, data: JsonObject, call_type: str) -> None:
        """Refuse a request before any attempt, if all deployments of its alias have the same policy."""
        store_request(data)
        known = self._notices.check_call_type(call_type)
        if known is None or (endpoint := known.endpoint) is None:
            return
        models = split_models(data.get("model"), endpoint)
        if len(models) > 1:
            begin_attempt(data, self.resolver).branches = {}
            return
        if (pipeline := self.resolver.resolve_alias(*models)) is None:
            return
        call = DeploymentCall.from_kwargs(data)
        if pipeline.can_reject(call.body, endpoint, call.build_context):
            applied = pipeline.apply(call.body, endpoint, call.build_context())
            if applied.refusal is not None:
                self._reporter.report(applied)
                raise create_rejection(applied.refusal, _describe(applied, call, _SHARED_POLICY), call)

    async def async_pre_call_deployment_hook(self, kwargs: JsonObject, call_type: Any) -> JsonObject | None:
        """Return the arguments with the policy of this attempt's deployment applied, or None if nothing changed."""
        outermost = getattr(kwargs.get("litellm_logging_obj"), "call_type", None)
        known = self._notices.check_call_type(call_type, outermost)
        if known is None:
            return None
        if (outer := find_outer_call(kwargs)) is not None:
            nested = outer.enter(kwargs, self.resolver)
            return None if nested is None else self._handle_call(*nested, known)
        call = DeploymentCall.from_kwargs(kwargs)
        if is_health_check(call):
            known_deployments = list_deployments() if self._covers_health_checks else ()
            if (identified := identify_deployment(call, self.resolver, known_deployments)) is None:
                return None
            call = identified
        if not self._notices.check_route(call.route, outermost):
            return None
        state = begin_attempt(kwargs, self.resolver)
        return self._handle_call(call, state if state.branches is None else begin_branch(state, call), known)

    def _handle_call(self, call: DeploymentCall, state: RequestState, known: CallType) -> JsonObject | None:
        """Return the arguments of a call with the policy applied, unless LiteLLM converts it to another call."""
        original, endpoint = call.kwargs, cast("Endpoint", known.endpoint)  # cast: only covered calls come here
        try:
            pipeline = _select_pipeline(call, state)
            state.reason = state.resolver.explain(call) if DOCTOR_HEADER in call.headers else ""
            if known.coverage == "request_only":
                return begin_session(call, state, self._notices)
            call = self._close_overrides(call, endpoint, has_policy=pipeline is not None)
            if pipeline is None:
                return None if call.kwargs is original else call.kwargs
            is_covered = not is_converted(endpoint, call.kwargs)
            changed = self._apply_policy(call, endpoint, state, pipeline) if is_covered else None
        except RejectedRequestError as error:
            state.refusal = error
            raise
        state.is_deferred = not is_covered
        return mark_nested_calls(changed or call.kwargs, OuterCall(state, call, is_covered=is_covered))

    def _close_overrides(self, call: DeploymentCall, endpoint: Endpoint, *, has_policy: bool) -> DeploymentCall:
        """Return the call without a client's overrides and, for chat, with the deployment's own texts."""
        if has_policy and (refusal := find_prompt_refusal(call)) is not None:
            raise create_rejection(refusal, {}, call)
        overrides = find_overrides(call, has_policy=has_policy)
        for override in overrides:
            self._notices.warn_once(
                f"ignored client-supplied {describe_override(override)}: it would bypass the policy"
            )
        if overrides:
            call = DeploymentCall.from_kwargs(forget_overrides(strip_overrides(call, overrides), overrides))
        return apply_deployment_text(call) if has_policy and endpoint == "chat" else call

    def _apply_policy(
        self, call: DeploymentCall, endpoint: Endpoint, state: RequestState, pipeline: Pipeline
    ) -> JsonObject | None:
        context = call.build_context()
        if state.obstacles:
            context = context._replace(obstacles={**context.obstacles, **state.obstacles})
        if endpoint == "messages":
            applied, call = apply_to_native_messages(pipeline, call, context), call._replace(body=call.kwargs)
        else:
            applied = pipeline.apply(call.body, endpoint, context)
        if state.add_result(applied) or applied.refusal is not None:
            self._reporter.report(applied)
        if applied.refusal is not None:
            raise create_rejection(applied.refusal, _describe(applied, call, state.reason), call)
        return replace_body(call, applied.body, endpoint)

    async def async_post_call_success_hook(self, data: JsonObject, user_api_key_dict: Any, response: Any) -> Any:
        """Return the answer that the client receives; LiteLLM's cache and logs keep the original."""
        state = self._find_state(data, response)
        if state is not None and state.branches is not None and isinstance(response, list):
            return rewrite_batch(response, state, data)
        applied = state.applied if state else None
        texts = applied.create_filters() if applied else None
        return response if texts is None else rewrite_litellm_answer(response, texts)

    def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: AsyncIterator[Any], request_data: JsonObject
    ) -> AsyncIterator[Any]:
        """Return the stream that the client receives; a chunk whose text stays is the same object."""
        state = self._find_state(request_data, response)
        return response if state is None else rewrite_stream(response, state, request_data.get("litellm_logging_obj"))

    async def async_post_call_response_headers_hook(
        self,
        data: JsonObject,
        user_api_key_dict: Any,
        response: Any,
        request_headers: dict[str, str] | None = None,
        litellm_call_info: JsonObject | None = None,
    ) -> dict[str, str] | None:
        """Return the response headers that name the policy and the rules that fired."""
        state = self._find_state(restore_request(data), response)
        headers = list_headers(state) if state else {}
        if request_headers and DOCTOR_HEADER in request_headers:
            headers |= _diagnose(state)
        return headers or None

    def _find_state(self, data: JsonObject, response: Any) -> RequestState | None:
        """Return the state of an answered request, or None before the first attempt."""
        state = find_state(data)
        if state is not None and state.branches is not None:
            state = find_branch(state, response) or state
        if state is not None and state.is_deferred and response is not None:
            self._notices.warn_once(_NOT_CONVERTED)
        return state


def _describe(applied: AppliedPolicy, call: DeploymentCall, reason: str) -> dict[str, str]:
    """Return the headers of a refusal; for `prompt-policy doctor`, with the reason and the rules."""
    headers = applied.decision.headers()
    return (
        headers | build_diagnosis(applied.decision, _name_host(), reason) if DOCTOR_HEADER in call.headers else headers
    )


def _diagnose(state: RequestState | None) -> dict[str, str]:
    """Return the headers that answer `prompt-policy doctor`; only the host before a deployment was chosen."""
    if state is None or not state.reason:
        return {HOST_HEADER: describe_host(_name_host())}
    return build_diagnosis(state.reported.decision if state.reported else None, _name_host(), state.reason)


def _name_host() -> str:
    return f"litellm/{find_litellm_version() or 'unknown'}"


def _select_pipeline(call: DeploymentCall, state: RequestState) -> Pipeline | None:
    """Return the pipeline of a call's deployment. Raise RejectedRequestError if its model_info is wrong."""
    if state.refusal is not None:
        raise state.refusal
    try:
        return state.resolver.resolve(call)
    except UsageError as error:
        refusal = InternalError(f"the deployment's model_info is wrong: {error}")
        raise create_rejection(refusal, {}, call) from None

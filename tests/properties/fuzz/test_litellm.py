"""The LiteLLM callback's hooks, called as by LiteLLM, with hostile bodies and LiteLLM's own answer objects."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litellm.llms.openai.responses.transformation import OpenAIResponsesAPIConfig
from litellm.types.llms.openai import ResponsesAPIResponse
from litellm.types.utils import CallTypes, ModelResponse, ModelResponseStream, TextCompletionResponse
from pydantic import ValidationError

from prompt_policy import PolicySet
from prompt_policy.conditions.context import TASK_HEADER
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.nesting import OuterCall, find_outer_call
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.errors.proxy import RejectedProxyRequestError
from prompt_policy.litellm.hooks import PolicyCallback
from prompt_policy.runtime import Pipeline
from prompt_policy.runtime.hot_reload import StaticPolicies
from prompt_policy.runtime.telemetry import DecisionReporter
from prompt_policy.wire import Endpoint
from tests.properties.fuzz.answer_properties import parse_json
from tests.properties.fuzz.answers import EVENTS, build_request_body, streamed_answers, whole_answers
from tests.properties.fuzz.bodies import ENDPOINTS, request_values
from tests.properties.fuzz.hosts import POLICIES, run_without_loop
from tests.properties.fuzz.json_text import write_json
from tests.properties.fuzz.properties import is_same
from tests.properties.fuzz.values import mutate

EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS)
CALLS: Final[dict[Endpoint, Any]] = {
    "chat": CallTypes.acompletion,
    "completions": CallTypes.atext_completion,
    "responses": CallTypes.aresponses,
    "messages": CallTypes.acompletion,
}
ROUTES: Final[dict[Endpoint, str]] = {
    "chat": "acompletion",
    "completions": "atext_completion",
    "responses": "aresponses",
    "messages": "anthropic_messages",
}


class FakeResolver(DeploymentResolver):
    """A binding whose deployments, which a running proxy knows, are all bound to one policy."""

    def resolve_alias(self, alias: object) -> Pipeline | None:
        return self.resolve(DeploymentCall.from_kwargs({"model_info": {"prompt_policy": alias}}))


CALLBACK: Final = PolicyCallback(
    StaticPolicies(
        FakeResolver(PolicySet([policy.model_copy(update={"name": name}) for name, policy in POLICIES.items()]))
    ),
    DecisionReporter(sample_rate=0),
)


def build_kwargs(body: dict[str, Any], policy: str, task: str | None = None) -> dict[str, Any]:
    """Return the keyword arguments that LiteLLM builds from a request's body."""
    own = {
        "model": f"hosted_vllm/{policy}",
        "model_info": {"prompt_policy": policy},
        "litellm_logging_obj": SimpleNamespace(model_call_details={}),
        "proxy_server_request": {"headers": {TASK_HEADER: task} if task else {}},
    }
    return {**body, **own}


def call_deployment_hook(kwargs: dict[str, Any], call: Any) -> dict[str, Any] | None:
    """Call the deployment hook; return None if it rejects the request."""
    try:
        return run_without_loop(CALLBACK.async_pre_call_deployment_hook(kwargs, call)) or kwargs
    except RejectedProxyRequestError as refused:
        error = refused
    assert (str(error.code), error.to_dict()["type"]) == ("400", "invalid_request_error"), error.message
    return None


def strip_mark(sent: dict[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return a call without the object by which its nested calls are recognised, in LiteLLM's own metadata."""
    [place] = [name for name, value in sent.items() if find_outer_call({name: value}) is not None]
    before = kwargs.get(place)
    beside = {name: value for name, value in sent[place].items() if not isinstance(value, OuterCall)}
    assert is_same(beside, before if isinstance(before, dict) else {})
    rest = {name: value for name, value in sent.items() if name != place}
    return {**rest, place: before} if place in kwargs else rest


def is_untouched(sent: dict[str, Any], kwargs: dict[str, Any]) -> bool:
    """Return whether a call has the same objects as before."""
    return sent.keys() == kwargs.keys() and all(value is kwargs[name] for name, value in sent.items())


def draw_body(data: st.DataObject, endpoint: Endpoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a body as a proxy parses it, and return it twice."""
    text = write_json(data.draw(request_values(endpoint))).encode(errors="surrogatepass")
    body = parse_json(text)
    return (body, parse_json(text)) if isinstance(body, dict) else ({}, {})


def format_answer(item: Any) -> str:
    """Return an answer as text, or an empty text if it is nested too deeply to be formatted."""
    try:
        return repr(item)
    except RecursionError:
        return ""


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_hostile_requests(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    body, before = draw_body(data, endpoint)
    kwargs = build_kwargs(body, policy)

    sent = call_deployment_hook(kwargs, CALLS[endpoint])

    assert is_same(body, before)
    if sent is None:
        return
    sent = strip_mark(sent, kwargs)
    if policy in ("silent", "audit", "off"):
        assert is_untouched(sent, kwargs)
    applied = kwargs["litellm_logging_obj"].model_call_details["prompt_policy"].applied
    assert not applied.decision.has_fault
    seen = DeploymentCall.from_kwargs(sent).body
    assert set(seen) - {"extra_body"} == set(applied.body) - {"extra_body"}
    assert all(
        is_same(seen[key], applied.body[key]) for key in seen if key not in ("extra_body", "litellm_logging_obj")
    )
    headers = run_without_loop(CALLBACK.async_post_call_response_headers_hook(kwargs, None, None))
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    again = build_kwargs(
        {key: value for key, value in sent.items() if key in body or key not in kwargs}, policy, applied.decision.task
    )
    repeated = call_deployment_hook(again, CALLS[endpoint])
    assert repeated is not None
    assert is_untouched(strip_mark(repeated, again), again)


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_request_is_rejected_early_if_it_would_be_rejected_late(
    endpoint: Endpoint, data: st.DataObject, policy: str
) -> None:
    body = {**draw_body(data, endpoint)[0], "model": policy, "proxy_server_request": {}}
    pipeline = CALLBACK.resolver.resolve_alias(policy)
    assert pipeline is not None
    call = DeploymentCall.from_kwargs(body)
    refusal = pipeline.apply(call.body, endpoint, call.build_context()).refusal

    with pytest.raises(RejectedProxyRequestError, match=re.escape(refusal.message)) if refusal else nullcontext():
        run_without_loop(CALLBACK.async_pre_call_hook(None, None, body, ROUTES[endpoint]))
    assert refusal is None or refusal.status == 400


def send_request(endpoint: Endpoint, policy: str) -> dict[str, Any]:
    """Return the keyword arguments of an ordinary request after the deployment hook."""
    body = json.loads(build_request_body(endpoint))
    kwargs = build_kwargs(body, policy)
    run_without_loop(CALLBACK.async_pre_call_deployment_hook(kwargs, CALLS[endpoint]))
    return kwargs


def build_answer(kind: Any, value: Any) -> Any:
    """Return an answer as LiteLLM builds it, or None if LiteLLM itself fails on the server's data."""
    try:
        return kind(**value)
    except ValidationError:
        return ResponsesAPIResponse.model_construct(**value) if kind is ResponsesAPIResponse else None
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        return None


ANSWER_TYPES: Final[dict[Endpoint, Any]] = {
    "chat": ModelResponse,
    "completions": TextCompletionResponse,
    "responses": ResponsesAPIResponse,
    "messages": dict,
}


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_hostile_whole_answers(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    value = parse_json(write_json(data.draw(whole_answers(endpoint))).encode(errors="surrogatepass"))
    answer = build_answer(ANSWER_TYPES[endpoint], value if isinstance(value, dict) else {})
    if answer is None:
        return
    before = format_answer(answer)

    out = run_without_loop(CALLBACK.async_post_call_success_hook(send_request(endpoint, policy), None, answer))

    assert type(out) is type(answer)
    assert format_answer(answer) == before
    if policy in ("silent", "audit", "off"):
        assert out is answer


def draw_chunks(endpoint: Endpoint, data: st.DataObject) -> list[Any]:
    """Draw the items of a stream as LiteLLM passes them to its hooks."""
    if endpoint == "messages":
        frames = data.draw(streamed_answers("messages"))
        at = data.draw(st.integers(0, len(frames)))
        return [frames[:at], frames[at:]]
    drawn = parse_json(write_json(data.draw(mutate([EVENTS[endpoint]]))).encode(errors="surrogatepass"))
    values = [value for value in drawn if isinstance(value, dict)] if isinstance(drawn, list) else []
    if endpoint == "responses":
        config = OpenAIResponsesAPIConfig()
        return [config.transform_streaming_response("m", value, None) for value in values]
    kind = ModelResponseStream if endpoint == "chat" else TextCompletionResponse
    return [chunk for value in values if (chunk := build_answer(kind, value)) is not None]


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_hostile_streams(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    chunks = draw_chunks(endpoint, data)
    before = [format_answer(chunk) for chunk in chunks]

    async def source() -> AsyncIterator[Any]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[Any]:
        stream = CALLBACK.async_post_call_streaming_iterator_hook(None, source(), send_request(endpoint, policy))
        return [chunk async for chunk in stream]

    out = run_without_loop(read())

    assert [format_answer(chunk) for chunk in chunks] == before
    assert {type(chunk) for chunk in out} <= {type(chunk) for chunk in chunks}
    if policy in ("silent", "audit", "off"):
        assert all(a is b for a, b in zip(out, chunks, strict=True))

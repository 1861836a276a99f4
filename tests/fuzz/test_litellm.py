"""The LiteLLM host, its hooks called as LiteLLM calls them, with hostile bodies and LiteLLM's own answer objects."""

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
from prompt_policy.conditions.situation import TASK_HEADER
from prompt_policy.litellm.binding import Binding, facts_of
from prompt_policy.litellm.host import PolicyCallback
from prompt_policy.litellm.refusal import PolicyRefused
from prompt_policy.litellm.request import body_of
from prompt_policy.runtime import Pipeline
from prompt_policy.runtime.report import Reporter
from prompt_policy.runtime.store import Fixed
from prompt_policy.wire import Endpoint
from tests.fuzz.answer_properties import parsed
from tests.fuzz.answers import EVENTS, streams_for, text_body, wholes_for
from tests.fuzz.bodies import ENDPOINTS, values_for
from tests.fuzz.hosts import POLICIES, driven
from tests.fuzz.properties import same
from tests.fuzz.spelling import spelled
from tests.fuzz.values import mutated

EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS)
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


class FakeBinding(Binding):
    """A binding whose deployments, which a running proxy knows, are all bound to one policy."""

    def shared(self, alias: object) -> Pipeline | None:
        return self.of_deployment({"model_info": {"prompt_policy": alias}})


CALLBACK: Final = PolicyCallback(
    Fixed(FakeBinding(PolicySet([policy.model_copy(update={"name": name}) for name, policy in POLICIES.items()]))),
    Reporter(sample=0),
)


def kwargs_of(body: dict[str, Any], policy: str, task: str | None = None) -> dict[str, Any]:
    """Return the arguments that LiteLLM makes of a request's body."""
    own = {
        "model": f"hosted_vllm/{policy}",
        "model_info": {"prompt_policy": policy},
        "litellm_logging_obj": SimpleNamespace(model_call_details={}),
        "proxy_server_request": {"headers": {TASK_HEADER: task} if task else {}},
    }
    return {**body, **own}


def attempted(kwargs: dict[str, Any], call: Any) -> dict[str, Any] | None:
    """Call the deployment hook; None where it refuses."""
    try:
        return driven(CALLBACK.async_pre_call_deployment_hook(kwargs, call)) or kwargs
    except PolicyRefused as refused:
        told = refused
    assert (str(told.code), told.to_dict()["type"]) == ("400", "invalid_request_error"), told.message
    return None


def requested(data: st.DataObject, endpoint: Endpoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a body, as a proxy has read it, and once more."""
    text = spelled(data.draw(values_for(endpoint))).encode(errors="surrogatepass")
    body = parsed(text)
    return (body, parsed(text)) if isinstance(body, dict) else ({}, {})


def shown(item: Any) -> str:
    """Return all that an answer says; nothing for what is nested too deeply to be shown."""
    try:
        return repr(item)
    except RecursionError:
        return ""


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_no_request_is_harmed(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    body, before = requested(data, endpoint)
    kwargs = kwargs_of(body, policy)

    sent = attempted(kwargs, CALLS[endpoint])

    assert same(body, before)
    if sent is None:
        return
    if policy in ("silent", "audit", "off"):
        assert sent is kwargs
    applied = kwargs["litellm_logging_obj"].model_call_details["prompt_policy"].applied
    assert not applied.decision.has_fault
    seen = body_of(sent)
    assert set(seen) - {"extra_body"} == set(applied.body) - {"extra_body"}
    assert all(same(seen[key], applied.body[key]) for key in seen if key not in ("extra_body", "litellm_logging_obj"))
    headers = driven(CALLBACK.async_post_call_response_headers_hook(kwargs, None, None))
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    again = kwargs_of(
        {key: value for key, value in sent.items() if key in body or key not in kwargs}, policy, applied.decision.task
    )
    assert attempted(again, CALLS[endpoint]) is again


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_a_request_is_refused_early_where_it_would_be_refused_late(
    endpoint: Endpoint, data: st.DataObject, policy: str
) -> None:
    body = {**requested(data, endpoint)[0], "model": policy}
    pipeline = CALLBACK.binding.shared(policy)
    assert pipeline is not None
    refusal = pipeline.apply(body_of(body), endpoint, facts_of(body)).refusal

    with pytest.raises(PolicyRefused, match=re.escape(refusal.message)) if refusal else nullcontext():
        driven(CALLBACK.async_pre_call_hook(None, None, body, ROUTES[endpoint]))
    assert refusal is None or refusal.status == 400


def asked(endpoint: Endpoint, policy: str) -> dict[str, Any]:
    """Return the arguments of an ordinary request that LiteLLM has sent."""
    body = json.loads(text_body(endpoint))
    kwargs = kwargs_of(body, policy)
    driven(CALLBACK.async_pre_call_deployment_hook(kwargs, CALLS[endpoint]))
    return kwargs


def made(kind: Any, value: Any) -> Any:
    """Return an answer as LiteLLM makes it, or None where LiteLLM itself fails on what the server sent."""
    try:
        return kind(**value)
    except ValidationError:
        return ResponsesAPIResponse.model_construct(**value) if kind is ResponsesAPIResponse else None
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        return None


WHOLES: Final[dict[Endpoint, Any]] = {
    "chat": ModelResponse,
    "completions": TextCompletionResponse,
    "responses": ResponsesAPIResponse,
    "messages": dict,
}


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_no_whole_answer_is_harmed(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    value = parsed(spelled(data.draw(wholes_for(endpoint))).encode(errors="surrogatepass"))
    answer = made(WHOLES[endpoint], value if isinstance(value, dict) else {})
    if answer is None:
        return
    before = shown(answer)

    out = driven(CALLBACK.async_post_call_success_hook(asked(endpoint, policy), None, answer))

    assert type(out) is type(answer)
    assert shown(answer) == before
    if policy in ("silent", "audit", "off"):
        assert out is answer


def chunks_of(endpoint: Endpoint, data: st.DataObject) -> list[Any]:
    """Draw the items of a stream, as LiteLLM hands them to its hooks."""
    if endpoint == "messages":
        frames = data.draw(streams_for("messages"))
        at = data.draw(st.integers(0, len(frames)))
        return [frames[:at], frames[at:]]
    drawn = parsed(spelled(data.draw(mutated([EVENTS[endpoint]]))).encode(errors="surrogatepass"))
    values = [value for value in drawn if isinstance(value, dict)] if isinstance(drawn, list) else []
    if endpoint == "responses":
        config = OpenAIResponsesAPIConfig()
        return [config.transform_streaming_response("m", value, None) for value in values]
    kind = ModelResponseStream if endpoint == "chat" else TextCompletionResponse
    return [chunk for value in values if (chunk := made(kind, value)) is not None]


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(POLICIES)))
def test_no_stream_is_harmed(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    chunks = chunks_of(endpoint, data)
    before = [shown(chunk) for chunk in chunks]

    async def source() -> AsyncIterator[Any]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[Any]:
        stream = CALLBACK.async_post_call_streaming_iterator_hook(None, source(), asked(endpoint, policy))
        return [chunk async for chunk in stream]

    out = driven(read())

    assert [shown(chunk) for chunk in chunks] == before
    assert {type(chunk) for chunk in out} <= {type(chunk) for chunk in chunks}
    if policy in ("silent", "audit", "off"):
        assert all(a is b for a, b in zip(out, chunks, strict=True))

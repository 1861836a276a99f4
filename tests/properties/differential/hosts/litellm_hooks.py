"""The LiteLLM callback, its hooks called as LiteLLM's proxy calls them, with LiteLLM's own answer objects."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import AsyncIterator
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from tests.properties.differential.case import Case, Endpoint
from tests.properties.differential.hosts.policies import Policies
from tests.properties.differential.hosts.running import (
    Result,
    drive,
    headers,
    is_by_name,
    parse,
    payload,
    raised,
    shown,
)

_MADE_UP: Final = re.compile(
    r"(chatcmpl-|cmpl-|resp_|msg_)[0-9a-f-]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<=created': )\d{10}|(?<=created=)\d{10}"
)
"""What LiteLLM fills in by itself, which differs from run to run."""
_ROUTES: Final[dict[Endpoint, str]] = {
    "chat": "acompletion",
    "completions": "atext_completion",
    "responses": "aresponses",
    "messages": "anthropic_messages",
}
_SENT_AS: Final = {**_ROUTES, "messages": "acompletion"}


class FakeRouter:
    """The router of a proxy that has one deployment for each policy, and one for each model's name."""

    def get_model_list(self, model_name: str | None = None) -> list[dict[str, Any]]:
        """Return the deployments of an alias; all of them are not needed."""
        if model_name is None:
            return []
        row: dict[str, Any] = {"model_name": model_name, "litellm_params": {"model": f"hosted_vllm/{model_name}"}}
        if model_name.startswith("policy:"):
            row["model_info"] = {"prompt_policy": model_name.removeprefix("policy:")}
        return [row]

    def get_deployment(self, model_id: str) -> Any:
        """Return a deployment by its id."""
        return SimpleNamespace(litellm_params={"additional_drop_params": ["seed"]}) if model_id == "known" else None


class LiteLLMHost:
    """Calls the hooks one after another: before the call, before the deployment, and on the answer."""

    def __init__(self, policies: Policies) -> None:
        server = ModuleType("litellm.proxy.proxy_server")
        server.llm_router = FakeRouter()  # type: ignore[attr-defined]  # of a proxy that is not running
        sys.modules[server.__name__] = server
        os.environ["PROMPT_POLICY_PATH"] = policies.paths
        from prompt_policy.litellm import callback

        self._callback: Any = callback

    def run(self, case: Case) -> Result:
        """Return the keyword arguments that LiteLLM is to send, and the answer that the client reads."""
        body, before = parse(case)
        route = _ROUTES[case.place.endpoint]
        own, alias = _own(case, body)
        result: Result = {"early": self._attempt("async_pre_call_hook", None, None, {**body, "model": alias}, route)}
        kwargs = {**body, **own}
        sent = self._attempt("async_pre_call_deployment_hook", kwargs, _call_type(_SENT_AS[case.place.endpoint]))
        if isinstance(sent, dict) and "error" not in sent:
            result["sent"] = {key: _plain(value) for key, value in sent.items() if key not in own or key == "model"}
            result["kept"] = sorted(key for key in sent if sent[key] is kwargs.get(key))
        else:
            result["sent"] = sent
        result["same"] = sent is kwargs
        result["untouched"] = shown(body) == shown(before)
        result["headers"] = self._attempt("async_post_call_response_headers_hook", kwargs, None, None)
        return {**result, "answer": self._stream(case, kwargs) if case.answer.is_stream else self._whole(case, kwargs)}

    def _attempt(self, hook: str, *arguments: Any) -> Any:
        """Call a hook; an error is a result to compare."""
        try:
            return drive(getattr(self._callback, hook)(*arguments))
        except Exception as error:  # noqa: BLE001 - an error is a result to compare
            told = error.to_dict() if hasattr(error, "to_dict") else None
            status = [getattr(error, name, None) for name in ("code", "status_code")]
            pairs = getattr(error, "headers", None) or {}
            return {"error": raised(error), "body": told, "status": status, "headers": headers(pairs.items())}

    def _whole(self, case: Case, kwargs: dict[str, Any]) -> Result:
        answer = _object(case.place.endpoint, json.loads(case.answer.values[0]), is_chunk=False)
        if answer is None:
            return {}
        before = _plain(answer)
        out = self._attempt("async_post_call_success_hook", kwargs, None, answer)
        return {"out": _plain(out), "same": out is answer, "untouched": _plain(answer) == before}

    def _stream(self, case: Case, kwargs: dict[str, Any]) -> Result:
        chunks = _chunks(case)
        before = [_plain(chunk) for chunk in chunks]
        read: list[Any] = []
        places = {id(chunk): number for number, chunk in enumerate(chunks) if not isinstance(chunk, bytes)}

        async def source() -> AsyncIterator[Any]:
            for chunk in chunks:
                yield chunk
                read.append("|")  # so that it is seen when each chunk arrives
            if case.answer.fails:
                raise ConnectionError("the provider failed")

        async def reading() -> None:
            async for chunk in self._callback.async_post_call_streaming_iterator_hook(None, source(), kwargs):
                place = places.get(id(chunk))
                read.append(_plain(chunk) if place is None else place)

        try:
            drive(reading())
        except Exception as error:  # noqa: BLE001 - an error is a result to compare
            read.append(raised(error))
        return {"read": read, "untouched": [_plain(chunk) for chunk in chunks] == before}


def _own(case: Case, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what LiteLLM adds to the keyword arguments of a request, and the public alias of its model."""
    facts, policy = case.facts, case.place.policy
    model = body.get("model") if is_by_name(case) else None
    alias = model if isinstance(model, str) else f"policy:{policy}"
    bound = {} if is_by_name(case) else {"prompt_policy": policy}
    bucket = {
        "user_api_key_auth": SimpleNamespace(),
        "requester_metadata": facts.get("metadata"),
        "tags": facts.get("tags"),
        "user_api_key_team_alias": facts.get("team"),
        "user_api_key_alias": facts.get("key_alias"),
        "user_api_key_metadata": {"prompt_policy_may_skip": facts.get("may_skip")},
        "model_group": alias,
    }
    own = {
        "model": f"hosted_vllm/{alias}",
        "model_info": {**bound, "id": "known", "prompt_policy_reasoning_parser": facts.get("has_reasoning_parser")},
        "litellm_logging_obj": SimpleNamespace(model_call_details={}),
        "proxy_server_request": {"url": f"http://proxy{case.path}", "headers": dict(case.headers), "body": body},
    }
    return {**own, ("metadata" if case.place.endpoint == "chat" else "litellm_metadata"): bucket}, alias


def _call_type(name: str) -> Any:
    from litellm.types.utils import CallTypes

    return CallTypes[name]


def _chunks(case: Case) -> list[Any]:
    """Return the items of a stream as LiteLLM gives them to its hooks."""
    if case.place.endpoint == "messages":
        return [piece.encode("latin-1") for piece in case.answer.pieces]
    values = [json.loads(text) for text in case.answer.values]
    made = [_object(case.place.endpoint, value, is_chunk=True) for value in values if isinstance(value, dict)]
    return [chunk for chunk in made if chunk is not None]


def _object(endpoint: Endpoint, value: Any, *, is_chunk: bool) -> Any:
    """Return an answer as LiteLLM makes it, or None if LiteLLM itself fails on what the server sent."""
    from litellm.llms.openai.responses.transformation import OpenAIResponsesAPIConfig
    from litellm.types.llms.openai import ResponsesAPIResponse
    from litellm.types.utils import ModelResponse, ModelResponseStream, TextCompletionResponse

    if not isinstance(value, dict) or endpoint == "messages":
        return value if isinstance(value, dict) else None
    try:
        if endpoint == "responses" and is_chunk:
            return OpenAIResponsesAPIConfig().transform_streaming_response("m", value, None)
        if endpoint == "responses":
            return ResponsesAPIResponse(**value)
        if endpoint == "completions":
            return TextCompletionResponse(**value)
        return ModelResponseStream(**value) if is_chunk else ModelResponse(**value)
    except Exception:  # noqa: BLE001 - whatever LiteLLM raises on a hostile answer, it raises before its hooks
        return None


def _plain(value: Any) -> Any:
    """Return a value of any kind in words that tell apart all that differs."""
    if isinstance(value, bytes):
        return payload(value)
    fields = sorted(map(str, getattr(value, "__pydantic_fields_set__", ())))
    return f"{_MADE_UP.sub('ID', shown(value))} {','.join(fields)}".strip()

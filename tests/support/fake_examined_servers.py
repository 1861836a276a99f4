"""Fakes of the servers that the doctor must recognise and that these tests cannot run: each says which one it plays.

An old LiteLLM cannot be installed beside the new one, and the CPU build of vLLM has no Rust front end. What they answer
follows their sources: LiteLLM's ``x-litellm-version`` header, and ``rust_frontend_version`` of vLLM's ``/version``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CHAT_ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "OK"}, "finish_reason": "length"}]}


def make_fake_old_litellm(headers: Mapping[str, str] | None = None, version: str = "1.80.0") -> Starlette:
    """Return a fake LiteLLM below the supported range; ``headers`` are those of a policy, if it has a callback."""
    known = {"x-litellm-version": version, "x-litellm-call-id": "1", **(headers or {})}
    return make_fake_server_of_models(JSONResponse(CHAT_ANSWER, headers=known))


def make_fake_rust_front_end(*, first_release: bool = False) -> Starlette:
    """Return a fake of vLLM's Rust front end; its first releases named themselves in the list of models only."""
    version = {"version": "0.33.0"} if first_release else {"version": "0.33.0", "rust_frontend_version": "0.33.0"}
    owner = "vllm-frontend-rs" if first_release else "vllm"
    return make_fake_server_of_models(JSONResponse(CHAT_ANSWER), {"/version": version}, owner)


def make_fake_server_of_models(
    answer: Response, others: Mapping[str, Any] | None = None, owner: str = "nobody"
) -> Starlette:
    """Return a fake server that lists the models ``m`` and ``model-two``, and gives one answer to all requests."""

    async def list_models(_: Request) -> Response:
        return JSONResponse(
            {"object": "list", "data": [{"id": name, "owned_by": owner} for name in ("m", "model-two")]}
        )

    async def respond(_: Request) -> Response:
        return answer

    routes = [Route(path, _return(value)) for path, value in (others or {}).items()]
    return Starlette(
        routes=[*routes, Route("/v1/models", list_models), Route("/v1/{rest:path}", respond, methods=["POST"])]
    )


def _return(value: Any) -> Any:
    async def endpoint(_: Request) -> Response:
        return value if isinstance(value, Response) else JSONResponse(value)

    return endpoint

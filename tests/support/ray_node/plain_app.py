"""The recipe of docs/how-to/ray.md for an ingress of your own, with a fake engine behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from ray import serve
from ray.serve.handle import DeploymentHandle

from prompt_policy.asgi import PolicyMiddleware
from tests.support.ray_node.answers import build_whole, stream_events

api = FastAPI()
if "RAY_NODE_WITHOUT_POLICIES" not in os.environ:  # benchmarks/ray_serve.py compares both
    api.add_middleware(PolicyMiddleware)


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0})
class FakeEngine:
    """Answers requests without a model."""

    async def chat(self, body: dict[str, Any]) -> AsyncIterator[Any]:
        """Yield one whole answer, or the events of a stream."""
        if not body.get("stream"):
            yield build_whole(body)
            return
        async for event in stream_events(body):
            yield event


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0})
@serve.ingress(api)
class Ingress:
    """An ingress with a FastAPI app."""

    def __init__(self, engine: DeploymentHandle) -> None:
        self._engine = engine.options(stream=True)

    @api.get("/v1/models")
    async def list_models(self) -> dict[str, Any]:
        """Return the name of the model."""
        return {"object": "list", "data": [{"id": "plain-model", "object": "model"}]}

    @api.post("/v1/chat/completions")
    async def chat(self, request: Request) -> Any:
        """Forward a request to an engine, and return its answer with this process in a header."""
        body = await request.json()
        answers = aiter(self._engine.chat.remote(body))
        headers = {"x-ingress-pid": str(os.getpid())}
        if body.get("stream"):
            return StreamingResponse(self._stream(answers), media_type="text/event-stream", headers=headers)
        return JSONResponse(await anext(answers), headers=headers)

    async def _stream(self, answers: Any) -> AsyncIterator[str]:
        async for event in answers:
            yield event
        yield "data: [DONE]\n\n"


app = Ingress.bind(FakeEngine.bind())  # type: ignore[attr-defined]  # Ray has replaced both by deployments

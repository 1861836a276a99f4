"""A fake vLLM for the probe: real chat templates, answers that are made up."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PLAIN = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if not loop.last %}</{{ m.role }}>{% endif %}{% endfor %}"
)
OPENS = PLAIN + "{% if add_generation_prompt %}<think>\n{% endif %}"
REFUSES = "{% for m in messages if m.role == 'system' %}{{ fail('no system, please') }}{% endfor %}" + PLAIN


def fake_server(
    template: str = PLAIN, *, parser: bool = False, seeds: bool = True, tokenizes: bool = True, api_key: str = ""
) -> Starlette:
    """Return a server whose prompts are a template's, and whose tokens are characters."""

    async def tokenize(request: Request) -> Response:
        body = await request.json()
        environment = Environment(trim_blocks=True)
        environment.globals["fail"] = _fail
        try:
            prompt = environment.from_string(body.get("chat_template") or template).render(
                messages=body["messages"], add_generation_prompt=body.get("add_generation_prompt", True)
            )
        except ValueError as error:
            return JSONResponse({"error": {"message": str(error)}}, 400)
        return JSONResponse({"tokens": [ord(character) for character in prompt]})

    async def detokenize(request: Request) -> Response:
        body = await request.json()
        return JSONResponse({"prompt": "".join(map(chr, body["tokens"]))})

    async def chat(request: Request) -> Response:
        body = await request.json()
        text = f"seed {body.get('seed') if seeds else 'any'}"
        thinks = parser and body.get("continue_final_message")
        message = {"reasoning": text, "content": None} if thinks else {"reasoning": None, "content": text}
        return JSONResponse({"choices": [{"message": message}]})

    async def models(_: Request) -> Response:
        listed = [{"id": "m", "root": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "max_model_len": 2048}, {"id": "n"}]
        return JSONResponse({"data": listed})

    async def version(_: Request) -> Response:
        return JSONResponse({"version": "0.32.0"})

    routes = [Route("/v1/models", _guarded(models, api_key)), Route("/v1/chat/completions", chat, methods=["POST"])]
    if tokenizes:
        routes += [Route("/tokenize", tokenize, methods=["POST"]), Route("/detokenize", detokenize, methods=["POST"])]
        routes += [Route("/version", version)]
    return Starlette(routes=routes)


def _fail(message: str) -> None:
    raise ValueError(message)


def _guarded(endpoint: Callable[[Request], Awaitable[Response]], key: str) -> Callable[[Request], Awaitable[Response]]:
    async def checked(request: Request) -> Response:
        if key and request.headers.get("authorization") != f"Bearer {key}":
            return Response(json.dumps({"error": "no"}), 401)
        return await endpoint(request)

    return checked

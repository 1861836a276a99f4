"""A fake vLLM for the probe: it renders real chat templates and invents its answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MODELS = ("m", "n")
PLAIN = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if not loop.last %}</{{ m.role }}>{% endif %}{% endfor %}"
)
OPENS = PLAIN + "{% if add_generation_prompt %}<think>\n{% endif %}"
# As vLLM 0.32.0 answers every chat request if the checkpoint has no chat template.
NO_TEMPLATE = (
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the "
    "tokenizer does not define one."
)
REFUSES_ALL = f"{{{{ fail({NO_TEMPLATE!r}) }}}}"
REFUSES = "{% for m in messages if m.role == 'system' %}{{ fail('no system, please') }}{% endfor %}" + PLAIN


def make_fake_server(
    template: str = PLAIN, *, parser: bool = False, seeds: bool = True, tokenizes: bool = True, api_key: str = ""
) -> Starlette:
    """Return a server that renders prompts by a template; each character is a token."""

    async def tokenize(request: Request) -> Response:
        body = await request.json()
        if body["model"] not in MODELS:
            message = f"The model `{body['model']}` does not exist. Valid aliases: {', '.join(MODELS)}."
            return JSONResponse({"error": {"message": message, "type": "NotFoundError", "param": "model"}}, 404)
        environment = Environment(trim_blocks=True)
        environment.globals |= {"fail": _fail, "bos_token": "<s>"}
        try:
            prompt = environment.from_string(body.get("chat_template") or template).render(
                messages=body["messages"], add_generation_prompt=body.get("add_generation_prompt", True)
            )
        except ValueError as error:
            details = {"type": "BadRequestError", "param": None, "code": 400}
            return JSONResponse({"error": {"message": str(error), **details}}, 400)
        return JSONResponse({"tokens": [ord(character) for character in prompt]})

    async def detokenize(request: Request) -> Response:
        body = await request.json()
        return JSONResponse({"prompt": "".join(map(chr, body["tokens"]))})

    async def chat(request: Request) -> Response:
        body = await request.json()
        text = f"seed {body.get('seed') if seeds else 'any'}"
        has_reasoning = parser and body.get("continue_final_message")
        message = {"reasoning": text, "content": None} if has_reasoning else {"reasoning": None, "content": text}
        return JSONResponse({"choices": [{"message": message}]})

    async def models(_: Request) -> Response:
        rows = [{"id": "m", "root": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "max_model_len": 2048}, {"id": "n"}]
        return JSONResponse({"data": rows})

    async def version(_: Request) -> Response:
        return JSONResponse({"version": "0.32.0"})

    routes = [Route("/v1/models", _require_key(models, api_key)), Route("/v1/chat/completions", chat, methods=["POST"])]
    if tokenizes:
        routes += [Route("/tokenize", tokenize, methods=["POST"]), Route("/detokenize", detokenize, methods=["POST"])]
        routes += [Route("/version", version)]
    return Starlette(routes=routes)


def _fail(message: str) -> None:
    raise ValueError(message)


def _require_key(
    endpoint: Callable[[Request], Awaitable[Response]], key: str
) -> Callable[[Request], Awaitable[Response]]:
    async def check_key(request: Request) -> Response:
        if key and request.headers.get("authorization") != f"Bearer {key}":
            return Response(json.dumps({"error": "no"}), 401)
        return await endpoint(request)

    return check_key

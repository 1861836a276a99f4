"""The plugin for vLLM's server, on an app with the state that vLLM sets. The real one is in ``integration/vllm``."""

from __future__ import annotations

import logging
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.asgi.vllm_plugin import VllmEndpointPlugin
from tests.support.fake_asgi_app import call_app

MIDDLEWARE = "prompt_policy.asgi.PolicyMiddleware"
MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
PATH = "/v1/chat/completions"


async def echo(request: Request) -> Response:
    """Answer with the request as it arrived."""
    return JSONResponse(await request.json())


def build_app(**arguments: Any) -> Any:
    """Return an app with the arguments of vLLM's server in its state, as when vLLM calls its plugins."""
    app: Any = Starlette(routes=[Route(PATH, echo, methods=["POST"])])
    app.state.args = SimpleNamespace(**{"middleware": [], "reasoning_parser": "", **arguments})
    VllmEndpointPlugin().attach_router(app)
    return app


async def call(app: Any) -> Any:
    body = b'{"model": "%s", "temperature": 1.3, "messages": [{"role": "user", "content": "Hi"}]}' % MODEL.encode()
    return await call_app(app, [body], path=PATH, headers=[(b"content-type", b"application/json")])


async def test_policies_are_enforced() -> None:
    response = await call(build_app())

    assert response.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert response.json["temperature"] == 0.7
    assert response.json["continue_final_message"] is True


async def test_a_check_of_the_key_that_is_added_later_comes_first() -> None:
    class KeyCheck:
        def __init__(self, app: Any) -> None:
            pass

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await JSONResponse({"error": "Unauthorized"}, status_code=401)(scope, receive, send)

    app = build_app()
    app.add_middleware(KeyCheck)

    response = await call(app)

    assert response.status == 401
    assert "x-prompt-policy" not in response.headers


def test_the_option_for_middleware_is_not_applied_twice(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        app = build_app(middleware=["other.Middleware", MIDDLEWARE])

    assert app.user_middleware == []
    assert f"--middleware {MIDDLEWARE} is set, too, so the plugin adds nothing" in caplog.text


@pytest.mark.parametrize(("parser", "expected"), [("deepseek_r1", True), ("", False), (None, False)])
def test_the_reasoning_parser_is_that_of_vllm(parser: str | None, expected: bool) -> None:
    (added,) = build_app(reasoning_parser=parser).user_middleware
    assert added.cls is PolicyMiddleware
    assert added.kwargs["reasoning_parser"] is expected


def test_an_app_without_arguments_gets_the_middleware() -> None:
    app: Any = Starlette()
    VllmEndpointPlugin().attach_router(app)
    assert len(app.user_middleware) == 1


async def test_the_plugin_has_the_attributes_of_vllms_protocol() -> None:
    """They are those of ``vllm/plugins/endpoint_plugins/interface.py``."""
    plugin = VllmEndpointPlugin()
    assert (plugin.name, plugin.required_tasks) == ("prompt_policy", None)
    await plugin.init_state(None, Starlette().state, None)


@pytest.mark.parametrize("group", ["vllm.endpoint_plugins", "sglang.srt.plugins"])
def test_the_package_declares_the_plugin(group: str) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    module, _, name = project["entry-points"][group]["prompt_policy"].partition(":")
    assert callable(getattr(import_module(module), name))

"""Add the middleware to a server's Starlette app, from inside a plugin of that server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.asgi.starlette_app import MIDDLEWARE_NAME, add_policy_middleware, resolve_reasoning_parser


class OwnMiddleware(PolicyMiddleware):
    """The middleware with other defaults."""


def test_the_name_is_that_of_the_documentation() -> None:
    assert MIDDLEWARE_NAME == "prompt_policy.asgi.PolicyMiddleware"


def test_middlewares_that_are_added_later_are_outside() -> None:
    app: Any = Starlette()

    assert add_policy_middleware(app, reasoning_parser=True, backend="sglang")
    app.add_middleware(CORSMiddleware)

    assert [added.cls for added in app.user_middleware] == [CORSMiddleware, PolicyMiddleware]  # the outermost first
    assert app.user_middleware[1].kwargs == {"reasoning_parser": True, "backend": "sglang"}


@pytest.mark.parametrize("added", [PolicyMiddleware, OwnMiddleware])
def test_an_app_gets_the_middleware_once(added: Any) -> None:
    app: Any = Starlette()
    app.add_middleware(added)

    assert not add_policy_middleware(app)
    assert len(app.user_middleware) == 1


@pytest.mark.parametrize(
    ("arguments", "variables", "expected"),
    [
        (SimpleNamespace(reasoning_parser="deepseek_r1"), {}, True),
        (SimpleNamespace(reasoning_parser=""), {}, False),
        (SimpleNamespace(reasoning_parser=None), {}, False),
        (SimpleNamespace(), {}, False),
        (None, {}, False),
        (SimpleNamespace(reasoning_parser="deepseek_r1"), {"PROMPT_POLICY_REASONING_PARSER": "0"}, None),
    ],
)
def test_the_parser_is_that_of_the_server_unless_the_variable_is_set(
    arguments: object, variables: dict[str, str], expected: bool | None
) -> None:
    assert resolve_reasoning_parser(arguments, variables) is expected

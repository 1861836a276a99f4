"""Add the middleware to a server's Starlette or FastAPI app, from inside a plugin of that server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from prompt_policy.asgi import PARSER_VARIABLE, PolicyMiddleware

MIDDLEWARE_NAME: Final = f"{PolicyMiddleware.__module__}.{PolicyMiddleware.__qualname__}"


class StarletteApp(Protocol):
    """The part of Starlette's application that a plugin uses."""

    @property
    def user_middleware(self) -> Sequence[object]:
        """The middlewares that were added, the outermost first."""

    @property
    def state(self) -> object:
        """What the server stores for its routes."""

    def add_middleware(self, middleware_class: type[PolicyMiddleware], **arguments: object) -> None:
        """Add a middleware outside those that were added before."""


def add_policy_middleware(
    app: StarletteApp, *, reasoning_parser: bool | None = None, backend: str | None = None
) -> bool:
    """Add the middleware to an app that has not started. Return False if the app already has one.

    Middlewares that the server adds later are outside of this one, such as the check of its API key. The arguments are
    those of ``PolicyMiddleware``.
    """
    if any(_is_policy_middleware(added) for added in app.user_middleware):
        return False
    app.add_middleware(PolicyMiddleware, reasoning_parser=reasoning_parser, backend=backend)
    return True


def _is_policy_middleware(added: object) -> bool:
    added_class = getattr(added, "cls", None)
    return isinstance(added_class, type) and issubclass(added_class, PolicyMiddleware)


def resolve_reasoning_parser(arguments: object, environment: Mapping[str, str]) -> bool | None:
    """Return whether a server's arguments name a reasoning parser, or None if the variable decides it."""
    if environment.get(PARSER_VARIABLE):
        return None
    return bool(getattr(arguments, "reasoning_parser", None))

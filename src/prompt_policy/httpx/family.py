"""The two families of http clients, httpx and httpx2, which share their interface and no class."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from functools import cache
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.wire.values import Json as Foreign  # objects of either family, which this package never imports

FAMILIES: Final = ("httpx", "httpx2")
_FIRST_WITH_HTTPX2: Final = 3


def installed_family() -> str:
    """Return the family of the installed openai: 3 and later use httpx2; without openai, one that is there."""
    try:
        major = int(importlib.metadata.version("openai").partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return "httpx" if importlib.util.find_spec("httpx") else "httpx2"
    return "httpx2" if major >= _FIRST_WITH_HTTPX2 else "httpx"


def family_of(client: Foreign) -> tuple[str, bool]:
    """Return the family of a client, and whether it is asynchronous. Raise UsageError where it is of neither."""
    for kind in type(client).__mro__:
        family = kind.__module__.partition(".")[0]
        if family in FAMILIES and kind.__name__ in ("Client", "AsyncClient"):
            return family, kind.__name__ == "AsyncClient"
    raise UsageError(f"{type(client).__module__}.{type(client).__name__} is no client of httpx or httpx2")


@cache
def refusing_transport(family: str) -> Foreign:
    module = importlib.import_module(family)

    class Refusing(module.BaseTransport, module.AsyncBaseTransport):  # type: ignore[misc, name-defined]  # made at run time
        """What goes past ``send`` would go past the policy."""

        def handle_request(self, request: Foreign) -> Foreign:
            raise UsageError("this http client enforces a policy in send(); a request that goes past it is refused")

        async def handle_async_request(self, request: Foreign) -> Foreign:
            self.handle_request(request)

    return Refusing


def with_base_properties(made: Foreign) -> Foreign:
    """Let what callers read and set of a client be the base's."""
    for name in ("timeout", "event_hooks", "auth", "base_url", "headers", "cookies", "params"):
        setattr(made, name, _of_base(name))
    made.is_closed = property(lambda self: self._policed_base.is_closed)
    return made


def _of_base(name: str) -> property:
    def get(self: Foreign) -> Foreign:
        base = self.__dict__.get("_policed_base")
        return getattr(base, name) if base is not None else None

    def put(self: Foreign, value: Foreign) -> None:
        base = self.__dict__.get("_policed_base")
        if base is not None:  # while the family's own initialiser runs there is none yet
            setattr(base, name, value)

    return property(get, put)

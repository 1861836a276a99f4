"""The two supported HTTP client libraries, httpx and httpx2, which have the same interface but share no class."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from functools import cache
from typing import Any, Final

from prompt_policy.errors import UsageError

LIBRARIES: Final = ("httpx", "httpx2")
_FIRST_OPENAI_WITH_HTTPX2: Final = 3


def detect_installed_library() -> str:
    """Return the library that the installed openai uses: httpx2 from release 3 on; without openai, an installed one."""
    try:
        major = int(importlib.metadata.version("openai").partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return "httpx" if importlib.util.find_spec("httpx") else "httpx2"
    return "httpx2" if major >= _FIRST_OPENAI_WITH_HTTPX2 else "httpx"


def detect_library(client: Any) -> tuple[str, bool]:
    """Return the library of a client, and whether the client is asynchronous.

    Raise UsageError if it is not a client of httpx or httpx2.
    """
    for kind in type(client).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in LIBRARIES and kind.__name__ in ("Client", "AsyncClient"):
            return library, kind.__name__ == "AsyncClient"
    raise UsageError(f"{type(client).__module__}.{type(client).__name__} is not a client of httpx or httpx2")


@cache
def create_refusing_transport(library: str) -> Any:
    """Return a class of transports that refuse every request."""
    module = importlib.import_module(library)

    class RefusingTransport(module.BaseTransport, module.AsyncBaseTransport):  # type: ignore[misc, name-defined]  # created at run time
        """Refuses requests that bypass ``send``, and thus the policy."""

        def handle_request(self, request: Any) -> Any:
            raise UsageError("this HTTP client enforces its policy in send(); send the request through it")

        async def handle_async_request(self, request: Any) -> Any:
            self.handle_request(request)

    return RefusingTransport


def delegate_to_base(client_class: Any) -> Any:
    """Return a client class with the properties that callers read and set delegated to the wrapped client."""
    for name in ("timeout", "event_hooks", "auth", "base_url", "headers", "cookies", "params"):
        setattr(client_class, name, _delegate(name))
    client_class.is_closed = property(lambda self: self._wrapped_client.is_closed)
    return client_class


def _delegate(name: str) -> property:
    def get(self: Any) -> Any:
        base = self.__dict__.get("_wrapped_client")
        return getattr(base, name) if base is not None else None

    def put(self: Any, value: Any) -> None:
        base = self.__dict__.get("_wrapped_client")
        if base is not None:  # not yet set while the library's own initialiser runs
            setattr(base, name, value)

    return property(get, put)

"""Warns, once for each kind, about requests that no policy covers."""

from __future__ import annotations

import logging
from typing import Any, Final

from prompt_policy.litellm.calls.call_types import CallType, find_call_type

log = logging.getLogger("prompt_policy")
_MAX_ROUTE_CHARS: Final = 200
_MAX_ROUTES: Final = 100
_COVERED_SUFFIXES: Final = ("/completions", "/responses", "/v1/messages")


class Notices:
    """Warns once about each text, and about a limited number of routes, because clients choose them."""

    def __init__(self) -> None:
        self._warned: set[str] = set()
        self._routes: set[str] = set()

    def warn_once(self, warning: str) -> None:
        """Log a warning, unless it was logged before."""
        if warning not in self._warned:
            self._warned.add(warning)
            log.warning("%s", warning)

    def check_route(self, route: str, outermost: Any = None) -> bool:
        """Return whether policies cover the requests and answers of a client's route; the SDK has no route.

        Log a route that is not covered, unless ``outermost``, the type of the request's first call, was logged.
        """
        is_covered = not route or route.endswith(_COVERED_SUFFIXES)
        known = find_call_type(outermost)
        if not is_covered and (known is None or known.coverage != "not_covered"):
            self._warn_about_route(route)
        return is_covered

    def _warn_about_route(self, route: str) -> None:
        printable = "".join(char if char.isprintable() else "?" for char in route[:_MAX_ROUTE_CHARS])
        if printable in self._routes or len(self._routes) < _MAX_ROUTES:
            self._routes.add(printable)
            self.warn_once(f"requests to {printable} are not covered by any policy")

    def check_call_type(self, call_type: Any, name: Any = None) -> CallType | None:
        """Return a call type that policies cover; else None, after a warning if such calls have prompts.

        Arguments:
            call_type: LiteLLM's; None: LiteLLM has no type for the call.
            name: LiteLLM's name of the outermost call of the request.
        """
        known = find_call_type(call_type)
        if known is None:
            self.warn_once(f"calls of LiteLLM's type {_name(call_type or name)} are unknown: no policy covers them")
        elif known.coverage == "not_covered":
            self.warn_once(f"{known.group} are not covered by any policy")
        return known if known is not None and known.endpoint is not None else None


def _name(call_type: Any) -> str:
    return str(getattr(call_type, "value", call_type))

"""Leave out the parameters that the server does not read, and report them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prompt_policy.kinds.base import Skip
from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.kinds.parameters.steps import Step, compile_step
from prompt_policy.wire import MISSING, Endpoint, Request
from prompt_policy.wire.requests.parameters import ParameterPath, list_paths, parse_path

_SEPARATOR: Final = ": "
_OWN_PARAMETERS: Final[Mapping[Endpoint, frozenset[str]]] = {"messages": frozenset({"top_k"})}
"""The parameters that belong to the API of an endpoint, whatever server implements it."""


def find_unsupported(request: Request, path: ParameterPath) -> Skip | None:
    """Return why a parameter must not be set, or None. What the client sent itself may be changed."""
    unsupported = request.original.unsupported_parameters
    reason = unsupported.get(path[0]) if unsupported else None
    if reason is None or request.find(path) not in (MISSING, None):
        return None
    if path[0] in _OWN_PARAMETERS.get(request.endpoint, ()):
        return None
    return Skip(f"{reason}{_SEPARATOR}{'.'.join(path)}")


def compile_supported_step(name: str, bounds: Bounds) -> Step:
    """Return the function for one parameter. It does not set the parameter if the server does not support it."""
    step = compile_step(name, bounds)
    if not bounds.sets and bounds.rename is None:
        return step
    target = parse_path(bounds.rename or name)

    def set_if_supported(request: Request) -> Skip | None:
        skip = find_unsupported(request, target)
        if skip is None:
            return step(request)
        return skip if bounds.rename is None or _is_present(request, name) else None

    return set_if_supported


def join_skips(skips: Iterable[Skip]) -> Skip:
    """Return one reason for all, with the names of the parameters that have the same reason in one list."""
    names: dict[str, list[str]] = {}
    for skip in skips:
        reason, separator, name = skip.partition(_SEPARATOR)
        names.setdefault(reason, []).extend([name] if separator else [])
    return Skip("; ".join(f"{reason}{_SEPARATOR}{', '.join(of)}" if of else reason for reason, of in names.items()))


def _is_present(request: Request, name: str) -> bool:
    return any(request.find(path) is not MISSING for path in list_paths(name, request.token_limits))

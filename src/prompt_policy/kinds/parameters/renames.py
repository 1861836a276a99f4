"""Move the value of a parameter to the name that the endpoint or the server reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prompt_policy.wire import MISSING, Request
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, ParameterPath, list_paths, parse_path


def move_foreign_limits(request: Request, name: str) -> None:
    """Move token limits that the endpoint does not read to ``name`` if it reads that, else to its usual name.

    They are removed if the request has a limit that the endpoint reads.
    """
    limits = request.token_limits
    if not request.body.keys().isdisjoint(limits.foreign):
        _move(request, [(foreign,) for foreign in limits.foreign], (limits.choose_name(name),))


def compile_rename(source: str, target: str) -> Callable[[Request], None]:
    """Return a function that moves the value of ``source`` to ``target``. A value that is there takes precedence."""
    if target in TOKEN_LIMITS:
        return _compile_limit_rename(source, target)
    to = parse_path(target)
    return lambda request: _move(request, list_paths(source, request.token_limits), to)


def _compile_limit_rename(source: str, target: str) -> Callable[[Request], None]:
    """Return a function that moves a value to the token limit, under a name that the endpoint reads."""

    def rename(request: Request) -> None:
        move_foreign_limits(request, target)
        name = request.token_limits.choose_name(target)
        paths = [path for path in list_paths(source, request.token_limits) if path != (name,)]
        _move(request, paths, (name,))

    return rename


def _move(request: Request, sources: Iterable[ParameterPath], target: ParameterPath) -> None:
    """Remove parameters. The first of their values is set at ``target``, unless the request has a value there."""
    for path in sources:
        value = request.get(path)
        if value is MISSING:
            continue
        request.set(path, MISSING)
        if value is not None and not _is_given(request, target):
            request.set(target, value)


def _is_given(request: Request, path: ParameterPath) -> bool:
    """Return whether a parameter has a value; a token limit may have it under every name that the endpoint reads."""
    is_limit = len(path) == 1 and path[0] in TOKEN_LIMITS
    paths = [(name,) for name in request.token_limits.read] if is_limit else [path]
    return any(request.get(each) not in (MISSING, None) for each in paths)

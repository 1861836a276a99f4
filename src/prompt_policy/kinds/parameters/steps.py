"""Compile the bounds of a parameter to one function that changes a request."""

from __future__ import annotations

from collections.abc import Callable

from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Skip
from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.kinds.parameters.lists import edit_items, read_items
from prompt_policy.kinds.parameters.numbers import NUMBERS, compile_default, compile_limit, find_overflow
from prompt_policy.kinds.parameters.renames import compile_rename, move_foreign_limits
from prompt_policy.wire import MISSING, Json, Request
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, expand_aliases, parse_path

Step = Callable[[Request], Skip | None]
"""Change one parameter of a request, or return why its value does not fit the server."""


def compile_step(name: str, bounds: Bounds) -> Step:
    """Return the function for one parameter."""
    if bounds.rename is not None:
        return compile_rename(name, bounds.rename)
    if bounds.drop:
        return _compile_drop(name)
    if bounds.is_list:
        return _compile_edit(name, bounds)
    if name in TOKEN_LIMITS:
        return _compile_token_limit(name, bounds) if bounds.value is None else _compile_fixed_limit(name, bounds.value)
    return _compile_value(name, bounds.value) if bounds.value is not None else _compile_bounds(name, bounds)


def _compile_drop(name: str) -> Step:
    paths = expand_aliases(name)

    def drop(request: Request) -> None:
        for path in paths:
            request.set(path, MISSING)

    return drop


def _compile_value(name: str, value: Json) -> Step:
    path = parse_path(name)

    def set_value(request: Request) -> None:
        request.set(path, value)

    return set_value


def _compile_edit(name: str, bounds: Bounds) -> Step:
    path, append, remove = parse_path(name), bounds.append or (), bounds.remove or ()

    def edit(request: Request) -> None:
        value = request.get(path)
        if read_items(value) is None:
            raise Refusal(f"{name} must be a list", param=name)
        edited = edit_items(value, append, remove)
        if edited is not value:
            request.set(path, edited)

    return edit


def _compile_bounds(name: str, bounds: Bounds) -> Step:
    """Return the function for a default, or for the bounds of a number other than the token limit."""
    path, is_plain, is_bounded, low, high = parse_path(name), "." not in name, bounds.is_bounded, *bounds.fixed_range
    set_default, limit = compile_default(bounds), compile_limit(bounds)
    default = bounds.default
    is_fixed = bounds.max_of is None

    def apply_bounds(request: Request) -> Skip | None:
        value = request.body.get(name) if is_plain else request.get(path)
        if value is None or value is MISSING:
            if default is not None and is_fixed:
                request.set(path, default)
            elif default is not None:
                set_default(request, path)
            return None
        if not is_bounded or (type(value) in NUMBERS and low <= value <= high):
            return None
        return limit(request, path, value)

    return apply_bounds


def _compile_token_limit(name: str, bounds: Bounds) -> Step:
    """Return the function for the token limit, which may have several names."""
    is_bounded, low, high = bounds.is_bounded, *bounds.fixed_range
    set_default, limit = compile_default(bounds), compile_limit(bounds)
    has_default = bounds.default is not None

    def apply_bounds(request: Request) -> Skip | None:
        names, body = request.token_limits, request.body
        for foreign in names.foreign:
            if foreign in body:
                move_foreign_limits(request, name)
                body = request.body
                break
        is_given, overflow = False, None
        for each in names.read:
            value = body.get(each)
            if value is None:
                continue
            is_given = True
            if is_bounded and not (type(value) in NUMBERS and low <= value <= high):
                overflow = limit(request, (each,), value) or overflow
        if is_given or not has_default:
            return overflow
        return set_default(request, (names.choose_name(name),))

    return apply_bounds


def _compile_fixed_limit(name: str, value: Json) -> Step:
    def set_value(request: Request) -> Skip | None:
        names = request.token_limits
        move_foreign_limits(request, name)
        overflow = find_overflow(request, name, value)
        if overflow is None:
            body = request.body
            for each in [each for each in names.read if each in body] or [names.choose_name(name)]:
                request.set((each,), value)
        return overflow

    return set_value

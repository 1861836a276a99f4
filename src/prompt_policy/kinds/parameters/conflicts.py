"""The order in which a rule changes its parameters, and how parameters and rules contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from pydantic_core import PydanticCustomError

from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.kinds.parameters.names import is_inside
from prompt_policy.wire.requests.parameters import CHAT_TOKEN_LIMITS, TOKEN_LIMITS, is_same_parameter

Parameters = Mapping[str, Bounds]


def check_parameters(parameters: dict[str, Bounds]) -> dict[str, Bounds]:
    """Return parameters. Raise PydanticCustomError if some of them cannot be changed together."""
    for reason in _list_contradictions(parameters):
        raise PydanticCustomError("parameter", "{reason}", {"reason": reason})
    return parameters


def order_parameters(parameters: Parameters) -> list[str]:
    """Return the names in the order of their changes: renames first, and each bound after those it depends on.

    Raise CycleError if parameters depend on each other.
    """
    graph: dict[str, set[str]] = {name: set() for name in parameters}
    for name, bounds in parameters.items():
        for other in parameters:
            if bounds.rename is not None and is_same_parameter(bounds.rename, other) and other != name:
                graph[other].add(name)
            if bounds.max_of is not None and is_same_parameter(bounds.max_of, other):
                graph[name].add(other)
    return sorted(TopologicalSorter(graph).static_order(), key=lambda name: parameters[name].rename is None)


def _list_contradictions(parameters: Parameters) -> Iterator[str]:
    for name, bounds in parameters.items():
        if name == bounds.rename:
            yield f"'{name}' is renamed to itself; set another name"
        if bounds.rename is not None and (is_inside(bounds.rename, name) or is_inside(name, bounds.rename)):
            yield f"'{name}' is renamed to '{bounds.rename}', and one is inside the other; set another name"
        if bounds.max_of is not None and is_same_parameter(name, bounds.max_of):
            yield f"'{name}' is bounded by itself; name another parameter under max_of"
        if bounds.is_list and name in TOKEN_LIMITS:
            yield f"{name} is a number; append and remove edit lists"
    yield from _list_token_limits(parameters)
    targets = [bounds.rename for bounds in parameters.values() if bounds.rename is not None]
    for outer, inner in _list_nested(parameters, [*parameters, *targets]):
        if parameters[outer].replaces_object:
            yield f"'{inner}' is inside '{outer}', which is set as a whole; keep one"
    try:
        order_parameters(parameters)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        yield f"{circle} depend on each other in a circle; remove a rename or max_of"


def _list_token_limits(parameters: Parameters) -> Iterator[str]:
    """Yield why the token limit has more than one name; other names may be renamed to the one with bounds."""
    limits = {name: parameters[name].rename for name in parameters if name in TOKEN_LIMITS}
    names = {name if rename is None else rename for name, rename in limits.items()}
    if len(limits) > 1 and len(names) > 1:
        yield f"{' and '.join(limits)} are one parameter; keep one of them"


def _list_nested(outer: Iterable[str], inner: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name in ``outer`` with each name in ``inner`` that is inside it."""
    inside = list(inner)
    for name in outer:
        yield from ((name, other) for other in inside if is_inside(other, name))


def find_conflicts(earlier: Parameters, later: Parameters) -> Iterator[str]:
    """Yield how the bounds of a later rule undo those of an earlier one, as clauses that name the parameter."""
    for name, bounds in later.items():
        for other, before in earlier.items():
            if is_same_parameter(name, other) and (conflict := before.find_conflict(bounds)) is not None:
                yield f"{name} {conflict}"
            yield from _list_rename_conflicts(other, before, name, bounds)
            is_changed = bounds.can_change_number or bounds.rename is not None
            if is_changed and before.max_of is not None and is_same_parameter(before.max_of, bounds.rename or name):
                yield f"{before.max_of} is changed here, and bounds {other} before"
    for one, other_rule in ((earlier, later), (later, earlier)):
        for outer, inner in _list_nested(one, other_rule):
            if one[outer].replaces_object:
                yield f"{inner} is inside {outer}, which is set as a whole"


def _list_rename_conflicts(other: str, before: Bounds, name: str, bounds: Bounds) -> Iterator[str]:
    """Yield how a later rule's change of ``name`` contradicts an earlier one of ``other``, if one is a rename."""
    is_same = is_same_parameter(name, other)
    if is_same and before.rename is not None and bounds.sets and not _is_kept(name, before.rename):
        yield f"{name} is renamed to {before.rename} before, and set here"
    if bounds.rename is None:
        return
    if is_same and before.sets and not is_same_parameter(name, bounds.rename):
        yield f"{name} is set before, and renamed here"
    if is_same and before.rename not in (None, bounds.rename):
        yield f"{name} is renamed to {before.rename} before, and to {bounds.rename} here"
    if not is_same and is_same_parameter(bounds.rename, other):
        yield f"{other} is changed before, and {name} is renamed to it here"


def _is_kept(name: str, target: str) -> bool:
    """Return whether a token limit that is set under a name is not renamed to ``target`` again."""
    choose_name = CHAT_TOKEN_LIMITS.choose_name  # the other endpoints read one name
    return is_same_parameter(name, target) and choose_name(name) == choose_name(target)

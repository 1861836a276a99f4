"""Whether conditions can hold together, decided without a request.

Conditions are expanded to alternatives, each a list of requirements that must all hold. Every requirement concerns one
subject, such as the task or one parameter, so an alternative is possible if each of its subjects has a value that meets
all requirements on it. Values of parameters are tried out with the predicates themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain, pairwise, product
from typing import Any, Final, NamedTuple, get_args

from prompt_policy.conditions.context import EvaluationContext, RequestContext
from prompt_policy.conditions.language import DETECTED_LANGUAGES
from prompt_policy.conditions.predicates import ParameterMatcher, TextMatcher, compile_value_predicate
from prompt_policy.conditions.tasks.custom import BUILT_IN_TASKS
from prompt_policy.conditions.when import When
from prompt_policy.wire import MISSING, Endpoint, Json, create_request
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, parse_number

_MAX_ALTERNATIVES: Final = 1000
_NESTED: Final = frozenset({"any_", "all_", "not_"})
_GLOBS: Final = frozenset({"model", "team", "key_alias", "provider"})
_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "task": BUILT_IN_TASKS,
    "language": DETECTED_LANGUAGES,
    "endpoint": get_args(Endpoint),
}
_UNKNOWN: Final = "\0"
"""Stands for a value that no condition names."""


class _Requirement(NamedTuple):
    """A key of a condition that must hold, or must not hold if ``is_denied``."""

    subject: str
    value: Any
    is_denied: bool


_Alternative = tuple[_Requirement, ...]


class TooManyAlternativesError(Exception):
    """A condition has too many alternatives to examine each."""


def find_contradiction(*conditions: When | None) -> str | None:
    """Return the key on which conditions contradict each other, such as ``task``; None if they can hold together.

    A condition that is None always holds. None is also returned if there are too many alternatives to examine.
    """
    try:
        alternatives = _combine([_expand(when, False) for when in conditions if when is not None])
    except TooManyAlternativesError:
        return None
    impossible = None
    for alternative in alternatives:
        subject = _find_impossible_subject(alternative)
        if subject is None:
            return None
        impossible = impossible or subject
    return impossible


def find_dead_parts(when: When) -> Iterator[str]:
    """Yield the path of each nested condition that never holds where it is nested, although the whole condition can."""
    yield from _find_dead_parts(when, (when,), "")


def _find_dead_parts(when: When, context: tuple[When, ...], path: str) -> Iterator[str]:
    for index, item in enumerate(when.any_ or ()):
        place = f"{path}any[{index}]"
        if find_contradiction(*context, item) is not None:
            yield place
        else:
            yield from _find_dead_parts(item, (*context, item), f"{place}.")
    for index, item in enumerate(when.all_ or ()):
        yield from _find_dead_parts(item, context, f"{path}all[{index}].")
    if when.not_ is not None:
        if find_contradiction(when.not_) is not None:
            yield f"{path}not"
        else:
            yield from _find_dead_parts(when.not_, (when.not_,), f"{path}not.")


def _expand(when: When, is_denied: bool) -> list[_Alternative]:
    """Return the alternatives under which a condition holds, or does not hold if ``is_denied``."""
    parts: list[list[_Alternative]] = [[(requirement,)] for requirement in _list_requirements(when, is_denied)]
    for items, is_any in ((when.any_, True), (when.all_, False)):
        if items is not None:
            expanded = [_expand(item, is_denied) for item in items]
            parts.append(_unite(expanded) if is_any is not is_denied else _combine(expanded))
    if when.not_ is not None:
        parts.append(_expand(when.not_, not is_denied))
    return _unite(parts) if is_denied else _combine(parts)


def _unite(parts: Sequence[list[_Alternative]]) -> list[_Alternative]:
    return _limit(list(chain.from_iterable(parts)))


def _combine(parts: Sequence[list[_Alternative]]) -> list[_Alternative]:
    if math.prod(map(len, parts)) > _MAX_ALTERNATIVES:
        raise TooManyAlternativesError
    return [tuple(chain.from_iterable(chosen)) for chosen in product(*parts)]


def _limit(alternatives: list[_Alternative]) -> list[_Alternative]:
    if len(alternatives) > _MAX_ALTERNATIVES:
        raise TooManyAlternativesError
    return alternatives


def _list_requirements(when: When, is_denied: bool) -> Iterator[_Requirement]:
    for key in sorted(when.model_fields_set - _NESTED):
        value = getattr(when, key)
        if isinstance(value, dict):
            for name, matcher in value.items():
                known = TOKEN_LIMITS[0] if key == "parameters" and name in TOKEN_LIMITS else name
                yield _Requirement(f"{key}.{known}", matcher, is_denied)
        elif value is not None:
            yield _Requirement(key, value, is_denied)


def _find_impossible_subject(alternative: _Alternative) -> str | None:
    by_subject: dict[str, list[_Requirement]] = {}
    for requirement in alternative:
        by_subject.setdefault(requirement.subject, []).append(requirement)
    return next((subject for subject, found in by_subject.items() if not _can_hold(subject, found)), None)


def _can_hold(subject: str, requirements: Sequence[_Requirement]) -> bool:
    required = [requirement.value for requirement in requirements if not requirement.is_denied]
    denied = [requirement.value for requirement in requirements if requirement.is_denied]
    values = [*required, *denied]
    if any(value in denied for value in required):
        return False
    if isinstance(values[0], bool | str):  # a fact with one value, such as a flag
        return all(one == other for one, other in pairwise(required))
    if isinstance(values[0], ParameterMatcher):
        return _has_value(required, denied)
    if subject in _VALUES:
        names = {*_VALUES[subject], *chain.from_iterable(values)} | ({_UNKNOWN} if subject == "task" else set())
        return any(
            all(name in some for some in required) and not any(name in some for some in denied) for name in names
        )
    if subject in _GLOBS:
        return _has_name(required, denied)
    if isinstance(values[0], TextMatcher):
        return not any(_implies(one, other) for one in required for other in denied)
    excluded = frozenset(chain.from_iterable(denied)) if isinstance(values[0], tuple) else frozenset()
    return not any(excluded.issuperset(some) for some in required)


def _has_name(required: Sequence[Sequence[str]], denied: Sequence[Sequence[str]]) -> bool:
    """Return whether a name can match one glob of each list in ``required``, and no glob in ``denied``."""
    excluded = {glob.casefold() for glob in chain.from_iterable(denied)}
    for globs in required:
        folded = [glob.casefold() for glob in globs]
        if excluded.issuperset(folded) or "*" in excluded:
            return False
        if not any(mark in glob for glob in folded for mark in "*?["):
            others = [[glob.casefold() for glob in other] for other in required]
            return any(_matches(name, others, excluded) for name in folded)
    return True


def _matches(name: str, required: Iterable[Iterable[str]], excluded: Iterable[str]) -> bool:
    is_allowed = all(any(fnmatchcase(name, glob) for glob in globs) for globs in required)
    return is_allowed and not any(fnmatchcase(name, glob) for glob in excluded)


def _implies(one: TextMatcher, other: TextMatcher) -> bool:
    """Return whether each text that meets ``one`` evidently meets ``other``."""
    contained = other.contains is None or (
        one.contains is not None and all(any(text in longer for text in other.contains) for longer in one.contains)
    )
    return contained and (other.matches is None or one.matches == other.matches)


def _has_value(required: Sequence[ParameterMatcher], denied: Sequence[ParameterMatcher]) -> bool:
    """Return whether a value can meet all predicates in ``required`` and none in ``denied``."""
    holds = [_compile(matcher) for matcher in required]
    fails = [_compile(matcher) for matcher in denied]
    return any(
        all(check(value) for check in holds) and not any(check(value) for check in fails)
        for value in _list_candidates([*required, *denied])
    )


def _compile(matcher: ParameterMatcher) -> Callable[[Json], bool]:
    value: Json = MISSING
    context = EvaluationContext(create_request({}, "chat"), RequestContext())
    holds = compile_value_predicate(matcher, lambda _context: value)

    def check(candidate: Json) -> bool:
        nonlocal value
        value = candidate
        return holds(context)

    return check


def _list_candidates(matchers: Iterable[ParameterMatcher]) -> Iterator[Json]:
    """Yield a value of every kind between which the predicates distinguish."""
    named = [getattr(matcher, key) for matcher in matchers for key in matcher.model_fields_set]
    yield from (MISSING, True, False, _UNKNOWN, 0, *named)
    numbers = sorted({number for value in named if (number := parse_number(value)) is not None})
    for number in numbers:
        yield from (math.nextafter(number, -math.inf), math.nextafter(number, math.inf))
    yield from ((low + high) / 2 for low, high in pairwise(numbers))
    yield from (numbers[0] - 1, numbers[-1] + 1) if numbers else ()

"""Find rules that change a request again which the policy has changed already, by applying it to sample requests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Final

from prompt_policy.conditions.context import RequestContext
from prompt_policy.kinds.clamp import Clamp
from prompt_policy.policy.lint import Finding
from prompt_policy.policy.lint.finding import list_conditions
from prompt_policy.policy.model import Policy
from prompt_policy.runtime import Pipeline
from prompt_policy.wire import Endpoint, Json, JsonObject, create_request
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, parse_number, parse_path
from prompt_policy.yaml_model import format_value

_TEXTS: Final = ("Hi", "Solve x + 1 = 2.", "Write a Python function that sorts a list.", "请解方程 x + 1 = 2。")
_VALUES: Final[tuple[Json, ...]] = (0, 0.5, 1, 2, 100_000, True, "high")
_ENDPOINTS: Final[tuple[tuple[Endpoint, str], ...]] = (
    ("chat", "messages"),
    ("responses", "input"),
    ("messages", "messages"),
    ("completions", "prompt"),
)
"""Each endpoint, with the key that holds the user's text."""
_SYSTEM: Final = {"role": "system", "content": "Be brief."}
_TOOL: Final = {"type": "function", "function": {"name": "search", "parameters": {}}}
_OPTIONS: Final[tuple[JsonObject, ...]] = ({}, {"stream": True}, {"tools": [_TOOL]})
_STEP: Final = 0.01
_MAX_VALUES: Final = 40


def find_unstable_rules(policy: Policy) -> Iterator[Finding]:
    """Yield each rule that fires on the output of its own policy, with the parameter of a request that shows it.

    A second host with the same policy would change the request again.
    """
    pipeline = Pipeline(policy)
    reported: set[str] = set()
    for name, value, body, endpoint in _build_requests(policy):
        once = pipeline.apply(body, endpoint)
        if once.refusal is not None:
            continue
        again = pipeline.apply(once.body, endpoint, RequestContext(task=once.decision.task))
        if again.body is once.body and again.refusal is None:
            continue
        example = f"with {name} {format_value(value)}" if name else "without parameters"
        changed = [outcome.rule for outcome in again.decision.outcomes if outcome.result in ("fired", "refused")]
        for rule in changed:
            if rule not in reported:
                reported.add(rule)
                yield Finding(rule, f"changes its own output again, for example in a {endpoint} request {example}")


def _build_requests(policy: Policy) -> Iterator[tuple[str, Json, JsonObject, Endpoint]]:
    """Yield requests with the parameter that each of them sets, and its value; the first ones set no parameter."""
    for text, (endpoint, key) in product(_TEXTS, _ENDPOINTS):
        yield "", None, _build_body(key, text), endpoint
    for text, keys in product(_TEXTS, _OPTIONS):
        body = _build_body("messages", text)
        yield "", None, {**body, "messages": [_SYSTEM, *body["messages"]], **keys}, "chat"
    for value, (names, (endpoint, key)) in product(_list_samples(policy), product(_list_settings(policy), _ENDPOINTS)):
        request = create_request(_build_body(key, _TEXTS[0]), endpoint)
        for name in names:
            request.set(parse_path(name), value)
        yield " and ".join(names), value, request.body, endpoint


def _list_samples(policy: Policy) -> list[Json]:
    """Return values for parameters, among them those around each bound, and each list of the policy."""
    listed = list(_list_values(policy))
    numbers = sorted({number for value in listed if (number := parse_number(value)) is not None})
    near = [value for number in numbers for value in (number, number - _STEP, number + _STEP)]
    items = [[*value] for value in listed if isinstance(value, tuple)]
    return [*_VALUES, *near[:_MAX_VALUES], *items[:_MAX_VALUES], *([item] for value in items for item in value[:1])]


def _list_settings(policy: Policy) -> Iterator[tuple[str, ...]]:
    """Yield the parameters of a request that get the same value: each one, and pairs of which a bound depends."""
    yield from ((name,) for name in _list_names(policy))
    for rule in policy.rules:
        for name, bounds in rule.parameters.items() if isinstance(rule, Clamp) else ():
            yield from ((name, other) for other in (bounds.rename, bounds.max_of) if other is not None)
            if name in TOKEN_LIMITS:
                yield from combinations(TOKEN_LIMITS, 2)


def _build_body(key: str, text: str) -> JsonObject:
    return {"model": "m", key: text if key == "prompt" else [{"role": "user", "content": text}]}


def _list_names(policy: Policy) -> list[str]:
    names: dict[str, None] = {}
    for rule in policy.rules:
        for name, bounds in rule.parameters.items() if isinstance(rule, Clamp) else ():
            names |= dict.fromkeys(TOKEN_LIMITS if name in TOKEN_LIMITS else (name,))
            names |= dict.fromkeys(other for other in (bounds.rename, bounds.max_of) if other is not None)
        for when in list_conditions(rule.when):
            names |= dict.fromkeys(when.parameters or ())
    return list(names)


def _list_values(policy: Policy) -> Iterator[Json]:
    """Yield the values of bounds and of predicates on parameters."""
    for rule in policy.rules:
        for bounds in rule.parameters.values() if isinstance(rule, Clamp) else ():
            yield from (bounds.min, bounds.max, bounds.default, bounds.value, bounds.append, bounds.remove)
        for when in list_conditions(rule.when):
            for matcher in (when.parameters or {}).values():
                yield from (getattr(matcher, key) for key in matcher.model_fields_set)

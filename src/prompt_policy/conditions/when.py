"""The ``when:`` of a rule, evaluated on the original request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from prompt_policy.conditions.context import EvaluationContext
from prompt_policy.conditions.predicates import (
    Headers,
    Matcher,
    ParameterMatcher,
    Predicate,
    TextMatcher,
    compile_text_predicates,
    compile_value_predicate,
)
from prompt_policy.wire import MISSING, Endpoint, Json, Request
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, ParameterPath, list_paths, parse_path
from prompt_policy.yaml_model import Flag, Languages, Names, NonEmptyModel

_ENDPOINT_SCHEMA: Final = {"type": "string", "enum": list(get_args(Endpoint))}
Endpoints = Annotated[
    tuple[Endpoint, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_ENDPOINT_SCHEMA, {"type": "array", "items": _ENDPOINT_SCHEMA, "minItems": 1}]}),
]


class When(NonEmptyModel):
    """A condition. All of its keys must hold. ``any``, ``all`` and ``not`` contain conditions and can be nested."""

    task: Names | None = Field(
        None,
        description="Task of the turn: math, code, other or a custom task. A task set by the caller takes precedence.",
    )
    language: Languages | None = Field(None, description="Language of the turn: en, zh, ja, ...")
    model: Names | None = Field(None, description="Glob patterns for the real model name, case-insensitive.")
    endpoint: Endpoints | None = Field(None, description="The endpoint that the client calls.")
    stream: Flag | None = Field(None, description="Whether the client requests a stream.")
    has_tools: Flag | None = Field(None, description="Whether the request offers tools or functions.")
    json_mode: Flag | None = Field(
        None,
        description="Whether a parameter of any server restricts the answer to JSON, a grammar, a pattern or a choice.",
    )
    format_dictated: Flag | None = Field(
        None,
        description="Whether json_mode holds, or the turn or a system text dictates the answer's form, such as JSON.",
    )
    thinking: Literal["on", "off"] | None = Field(
        None, description="Whether the model thinks, by the request, the host's default and the rules of kind thinking."
    )
    prefilled: Flag | None = Field(
        None, description="Whether the last message is an assistant message that the answer continues."
    )
    has_system: Flag | None = Field(
        None, description="Whether the request has a system or developer message with content."
    )
    parameters: dict[str, Matcher] | None = Field(
        None, min_length=1, description="Predicates on parameters. A dotted name refers to a nested value."
    )
    last_user: TextMatcher | None = Field(None, description="Predicates on the text of the last user turn.")
    system: TextMatcher | None = Field(None, description="Predicates on the system texts, joined by newlines.")
    tags: Names | None = Field(None, description="The request has one of these tags (in LiteLLM, or in metadata.tags).")
    metadata: dict[str, Matcher] | None = Field(
        None, min_length=1, description="Predicates on the metadata sent by the client, written like parameters."
    )
    headers: Headers | None = Field(
        None, description="Predicates on the request's headers. An absent header fails all of them."
    )
    provider: Names | None = Field(
        None,
        description="Glob patterns for the provider: LiteLLM's name, vllm in the ASGI middleware, unknown elsewhere.",
    )
    team: Names | None = Field(None, description="Glob patterns for the team's name or ID. Only in LiteLLM.")
    key_alias: Names | None = Field(None, description="Glob patterns for the API key's alias. Only in LiteLLM.")
    any_: tuple[When, ...] | None = Field(None, alias="any", min_length=1, description="At least one must hold.")
    all_: tuple[When, ...] | None = Field(None, alias="all", min_length=1, description="Each must hold.")
    not_: When | None = Field(None, alias="not", description="Must not hold.")


def compile_when(when: When | None) -> Predicate | None:
    """Compile a condition to one function, or None if there is no condition. The cheapest checks run first."""
    if when is None:
        return None
    checks = [*_request_checks(when), *_inner_checks(when), *_content_checks(when)]
    return checks[0] if len(checks) == 1 else _all(checks)


def list_header_names(when: When | None) -> Iterator[str]:
    """Yield the names of the headers that a condition reads, in lower case."""
    if when is not None:
        yield from when.headers or ()
        for inner in (*(when.any_ or ()), *(when.all_ or ()), when.not_):
            yield from list_header_names(inner)


def names_format_dictated(when: When | None) -> bool:
    """Return whether a condition contains ``format_dictated``. It then replaces the default of the kind."""
    if when is None:
        return False
    inner = (*(when.any_ or ()), *(when.all_ or ()), when.not_)
    return when.format_dictated is not None or any(map(names_format_dictated, inner))


TurnCondition = Callable[[EvaluationContext, str, bool], bool]
"""Return whether a condition holds for the text of one turn; the last argument is True for the last user turn."""


def compile_turn_when(when: When | None) -> TurnCondition | None:
    """Compile a condition to one function that evaluates each turn separately."""
    if when is None:
        return None
    if when.model_fields_set == {"task"} and (tasks := when.task) is not None:  # by far the most common condition
        return lambda c, text, is_last: (c.task if is_last else c.classify(text)) in tasks
    holds = compile_when(when)
    return None if holds is None else lambda c, text, is_last: holds(c.for_text(text, is_last))


def _all(checks: Iterable[Predicate]) -> Predicate:
    fixed = tuple(checks)
    return lambda context: all(check(context) for check in fixed)


def _any(checks: Iterable[Predicate]) -> Predicate:
    fixed = tuple(checks)
    return lambda context: any(check(context) for check in fixed)


def _request_checks(when: When) -> list[Predicate]:
    checks = [_parameter_check(name, matcher) for name, matcher in (when.parameters or {}).items()]
    checks += [_metadata_check(name, matcher) for name, matcher in (when.metadata or {}).items()]
    checks += _caller_checks(when)
    if (endpoints := when.endpoint) is not None:
        checks.append(lambda c: c.request.endpoint in endpoints)
    if when.model is not None:
        checks.append(_matches_glob(when.model, lambda c: c.model))
    flags = {
        "has_tools": when.has_tools,
        "json_mode": when.json_mode,
        "has_system": when.has_system,
        "is_prefilled": when.prefilled,
        "is_streaming": when.stream,
    }
    checks += [_flag_check(attribute, expected) for attribute, expected in flags.items() if expected is not None]
    if when.thinking is not None:
        is_on = when.thinking == "on"
        checks.append(lambda c: c.request.traits.thinking_enabled is is_on)
    return checks


def _caller_checks(when: When) -> list[Predicate]:
    """Return the checks of the caller and of fixed texts. A value that the host does not know matches nothing."""
    checks: list[Predicate] = []
    if (tags := when.tags) is not None:
        checks.append(lambda c: not frozenset(tags).isdisjoint(c.request_context.tags))
    if when.team is not None:
        checks.append(_matches_glob(when.team, lambda c: c.request_context.team))
    if when.key_alias is not None:
        checks.append(_matches_glob(when.key_alias, lambda c: c.request_context.key_alias))
    if when.provider is not None:
        checks.append(_matches_glob(when.provider, lambda c: c.request_context.provider))
    for name, matcher in (when.headers or {}).items():
        checks += _header_checks(name, matcher)
    if when.last_user is not None:
        checks += compile_text_predicates(when.last_user, lambda c: c.request.last_user_text)
    if when.system is not None:
        checks += compile_text_predicates(when.system, lambda c: c.request.system_text)
    return checks


def _header_checks(name: str, matcher: TextMatcher) -> list[Predicate]:
    def get_header(context: EvaluationContext) -> str:
        return str(context.request_context.headers.get(name, ""))

    present = compile_text_predicates(matcher, get_header)
    return [lambda c: name in c.request_context.headers, *present]


def _content_checks(when: When) -> list[Predicate]:
    checks: list[Predicate] = []
    if (languages := when.language) is not None:
        checks.append(lambda c: c.language in languages)
    if (is_dictated := when.format_dictated) is not None:
        checks.append(lambda c: c.format_dictated is is_dictated)
    if (tasks := when.task) is not None:
        checks.append(lambda c: c.task in tasks)
    return checks


def _inner_checks(when: When) -> list[Predicate]:
    checks: list[Predicate] = []
    if when.any_ is not None:
        checks.append(_any(compiled for item in when.any_ if (compiled := compile_when(item))))
    if when.all_ is not None:
        checks.append(_all(compiled for item in when.all_ if (compiled := compile_when(item))))
    if (negated := compile_when(when.not_)) is not None:
        checks.append(lambda c: not negated(c))
    return checks


def _matches_glob(globs: Iterable[str], get_name: Callable[[EvaluationContext], str | None]) -> Predicate:
    folded = tuple(glob.casefold() for glob in globs)

    def holds(context: EvaluationContext) -> bool:
        name = get_name(context)
        return name is not None and any(fnmatchcase(name.casefold(), glob) for glob in folded)

    return holds


def _flag_check(attribute: str, expected: bool) -> Predicate:
    return lambda context: getattr(context.request, attribute) is expected


def _parameter_check(name: str, matcher: ParameterMatcher) -> Predicate:
    if name in TOKEN_LIMITS:
        return compile_value_predicate(
            matcher, lambda c: _find_parameter(c.request, list_paths(name, c.request.token_limits))
        )
    paths = (parse_path(name),)
    return compile_value_predicate(matcher, lambda c: _find_parameter(c.request, paths))


def _metadata_check(name: str, matcher: ParameterMatcher) -> Predicate:
    path = parse_path(name)
    return compile_value_predicate(matcher, lambda c: _look_up(c.request_context.metadata, path))


def _look_up(value: Json, path: ParameterPath) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return MISSING if value is None else value


def _find_parameter(request: Request, paths: Iterable[ParameterPath]) -> Json:
    """Return the value of the first of a parameter's names that has one; null counts as absent."""
    values = (request.find(path) for path in paths)
    return next((value for value in values if value is not MISSING and value is not None), MISSING)

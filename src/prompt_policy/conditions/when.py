"""The ``when:`` of a rule: every key must hold, on the request as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Final, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.situation import Situation
from prompt_policy.conditions.value_tests import Condition, ParameterTest, Test, TextTest, of_text, of_value
from prompt_policy.wire import MISSING, Endpoint, Json, Request
from prompt_policy.wire.parameters import names_of, path_of
from prompt_policy.wire.request import Path
from prompt_policy.yaml_model import NOT_EMPTY, Flag, Names, YamlModel

_ENDPOINT: Final = {"type": "string", "enum": list(get_args(Endpoint))}
Endpoints = Annotated[
    tuple[Endpoint, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_ENDPOINT, {"type": "array", "items": _ENDPOINT, "minItems": 1}]}),
]


class When(YamlModel):
    """A condition. All keys given must hold; ``any``, ``all`` and ``not`` nest."""

    model_config = NOT_EMPTY

    task: Names | None = Field(None, description="Task of the turn: math, code or other; a caller's own word wins.")
    language: Names | None = Field(None, description="Language of the turn: en, zh, ja, ...")
    model: Names | None = Field(None, description="Globs on the real model name, case-insensitive.")
    endpoint: Endpoints | None = Field(None, description="The client's endpoint.")
    stream: Flag | None = Field(None, description="Whether a stream is asked for.")
    has_tools: Flag | None = Field(None, description="Whether tools or functions are offered.")
    json_mode: Flag | None = Field(None, description="Whether the answer is bound to JSON, a grammar or a choice.")
    has_system: Flag | None = Field(None, description="Whether a system or developer message is there.")
    parameters: dict[str, Test] | None = Field(None, description="Tests of parameters; dotted names reach inside.")
    last_user: TextTest | None = Field(None, description="Tests of the last user turn's text.")
    system: TextTest | None = Field(None, description="Tests of the system texts, joined by newlines.")
    tags: Names | None = Field(None, description="The request has one of these tags (LiteLLM's, or metadata.tags).")
    metadata: dict[str, Test] | None = Field(None, description="Tests of the client's metadata, like parameters.")
    team: Names | None = Field(None, description="Globs on the team's name or id. Known to LiteLLM only.")
    key_alias: Names | None = Field(None, description="Globs on the API key's alias. Known to LiteLLM only.")
    any_: tuple[When, ...] | None = Field(None, alias="any", min_length=1, description="At least one must hold.")
    all_: tuple[When, ...] | None = Field(None, alias="all", min_length=1, description="Each must hold.")
    not_: When | None = Field(None, alias="not", description="Must not hold.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "an empty condition says nothing")
        return self


def compile_when(when: When | None) -> Condition | None:
    """Compile a condition to one function, or None where there is none. What is cheap is asked first."""
    if when is None:
        return None
    checks = [*_asked(when), *_nested(when), *_judged(when)]
    return checks[0] if len(checks) == 1 else _every(checks)


def _every(checks: Iterable[Condition]) -> Condition:
    fixed = tuple(checks)
    return lambda situation: all(check(situation) for check in fixed)


def _some(checks: Iterable[Condition]) -> Condition:
    fixed = tuple(checks)
    return lambda situation: any(check(situation) for check in fixed)


def _asked(when: When) -> list[Condition]:
    checks = [_parameter(name, test) for name, test in (when.parameters or {}).items()]
    checks += [_metadata(name, test) for name, test in (when.metadata or {}).items()]
    checks += _around(when)
    if (endpoints := when.endpoint) is not None:
        checks.append(lambda s: s.request.endpoint in endpoints)
    if when.model is not None:
        checks.append(_some(_model(glob.casefold()) for glob in when.model))
    flags = {
        "has_tools": when.has_tools,
        "json_mode": when.json_mode,
        "has_system": when.has_system,
        "streams": when.stream,
    }
    checks += [_flag(attribute, wanted) for attribute, wanted in flags.items() if wanted is not None]
    return checks


def _around(when: When) -> list[Condition]:
    """Return the checks of what stands around the request; what the host does not know does not hold."""
    checks: list[Condition] = []
    if (tags := when.tags) is not None:
        checks.append(lambda s: not frozenset(tags).isdisjoint(s.facts.tags))
    if when.team is not None:
        checks.append(_named(when.team, lambda s: s.facts.team))
    if when.key_alias is not None:
        checks.append(_named(when.key_alias, lambda s: s.facts.key_alias))
    if when.last_user is not None:
        checks += of_text(when.last_user, lambda s: s.request.last_user_text)
    if when.system is not None:
        checks += of_text(when.system, lambda s: s.request.system_text)
    return checks


def _named(globs: Iterable[str], name_of: Callable[[Situation], str | None]) -> Condition:
    folded = tuple(glob.casefold() for glob in globs)

    def holds(situation: Situation) -> bool:
        name = name_of(situation)
        return name is not None and any(fnmatchcase(name.casefold(), glob) for glob in folded)

    return holds


def _judged(when: When) -> list[Condition]:
    checks: list[Condition] = []
    if (languages := when.language) is not None:
        checks.append(lambda s: s.language in languages)
    if (tasks := when.task) is not None:
        checks.append(lambda s: s.task in tasks)
    return checks


def _nested(when: When) -> list[Condition]:
    checks: list[Condition] = []
    if when.any_ is not None:
        checks.append(_some(compiled for item in when.any_ if (compiled := compile_when(item))))
    if when.all_ is not None:
        checks.append(_every(compiled for item in when.all_ if (compiled := compile_when(item))))
    if (negated := compile_when(when.not_)) is not None:
        checks.append(lambda s: not negated(s))
    return checks


def _flag(attribute: str, wanted: bool) -> Condition:
    return lambda situation: getattr(situation.request, attribute) is wanted


def _model(glob: str) -> Condition:
    return lambda situation: fnmatchcase(situation.model.casefold(), glob)


def _parameter(name: str, test: ParameterTest) -> Condition:
    paths = names_of(name)
    return of_value(test, lambda s: _value(s.request, paths))


def _metadata(name: str, test: ParameterTest) -> Condition:
    path = path_of(name)
    return of_value(test, lambda s: _inside(s.facts.metadata, path))


def _inside(value: Json, path: Path) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return MISSING if value is None else value


def _value(request: Request, paths: Iterable[tuple[str, ...]]) -> Json:
    """Return the first of a parameter's names that holds a value; null counts as absent."""
    values = (request.find(path) for path in paths)
    return next((value for value in values if value is not MISSING and value is not None), MISSING)

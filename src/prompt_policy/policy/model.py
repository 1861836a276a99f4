"""The pydantic models of a policy file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.context import SKIP_HEADER, TASK_HEADER, RequestContext
from prompt_policy.conditions.tasks.custom import TaskDefinition, TaskName
from prompt_policy.kinds import Rule, discover_kinds
from prompt_policy.kinds.base import Mode, RuleName
from prompt_policy.policy.source import Source
from prompt_policy.wire import Endpoint
from prompt_policy.wire.backends import DEFAULT_BACKEND, describe_unknown_backend, find_limits
from prompt_policy.wire.requests.thinking import read_switch_text
from prompt_policy.yaml_model import AnyNames, Flag, Names, WithShortForm, YamlModel, check_finite, format_value

OnError = Literal["closed", "open"]
RESERVED_NAME = "none"
"""Stands for the absence of a policy, in the header and in a binding."""


def _check_reserved(name: str) -> str:
    if name == RESERVED_NAME:
        raise PydanticCustomError("name", "'{name}' stands for no policy; choose another name", {"name": name})
    return name


PolicyName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$"),
    AfterValidator(_check_reserved),
    Field(json_schema_extra={"not": {"const": RESERVED_NAME}}),
]


def _check_version(value: object) -> object:
    if type(value) is not int:
        hint = "; remove the quotes" if value == "1" else ""
        text = "expected the integer 1, got {value}{hint}"
        raise PydanticCustomError("version", text, {"value": format_value(value), "hint": hint})
    return value


Object = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]

if TYPE_CHECKING:
    AnyRule: TypeAlias = Rule
else:
    AnyRule = Annotated[Union[tuple(discover_kinds().values())], Field(discriminator="kind")]  # noqa: UP007 - built at run time


_DEPLOYMENT_OPTIONS = ("model", "host", "port", "api_key", "served_model_name")
_OPTION_PATTERN = rf"^(?!({'|'.join(_DEPLOYMENT_OPTIONS)})$)[a-z][a-z0-9_]*$"


def _check_engine(value: object) -> object:
    for key in value if isinstance(value, dict) else ():
        name = str(key)
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            raise PydanticCustomError("engine", "'{key}' is not an option name; use underscores", {"key": name})
        if name in _DEPLOYMENT_OPTIONS:
            raise PydanticCustomError(
                "engine", "'{key}' is set per deployment; remove it from the policy", {"key": name}
            )
    return check_finite(value)


EngineOptions = Annotated[
    dict[str, Any],
    AfterValidator(_check_engine),
    WithJsonSchema({"type": "object", "propertyNames": {"pattern": _OPTION_PATTERN}}),
]


class AppliesTo(YamlModel):
    """The models that a policy applies to."""

    models: AnyNames = Field(
        description="Globs on model names, case-insensitive. An empty list: the policy is only bound by its name."
    )
    except_: Names = Field((), alias="except", description="Globs on model names that are excluded.")


class Delta(YamlModel):
    """A delta of an answer in a case: content, reasoning, or both (reasoning first)."""

    content: str | None = None
    reasoning: str | None = None


class ExpectedRefusal(YamlModel):
    """The rejection that a case expects."""

    param: str | None = Field(None, description="The parameter that the error names.")
    contains: str | None = Field(None, description="A part of the error message.")


class Expect(YamlModel):
    """The expectations of a case; every key that is set must hold."""

    request: Object | None = Field(None, description="A subset of the outgoing body; lists must be equal.")
    absent: tuple[str, ...] = Field((), description="Dotted names of parameters that the outgoing body lacks.")
    fired: tuple[str, ...] | None = Field(None, description="The rules that changed the request, in order.")
    unchanged: Flag | None = Field(None, description="The outgoing body equals the original one.")
    refused: ExpectedRefusal | None = Field(None, description="The request is rejected with HTTP 400.")
    content: str | None = Field(None, description="The answer's content as the client reads it.")
    reasoning: str | None = Field(None, description="The answer's reasoning as the client reads it.")


def _check_backend(name: str) -> str:
    if (problem := describe_unknown_backend(name)) is not None:
        raise PydanticCustomError("backend", "{problem}", {"problem": problem})
    return name


CaseDelta = Annotated[
    Delta,
    BeforeValidator(lambda value: {"content": value} if isinstance(value, str) else value),
    WithShortForm({"type": "string"}, Delta),
]


class Case(YamlModel):
    """One item under ``tests:``: a request, the deltas of an answer, and what is expected of both."""

    name: str = Field(min_length=1, description="The behaviour that the case shows.")
    endpoint: Endpoint = Field("chat", description="The endpoint that the request is sent to.")
    model: str | None = Field(None, description="The real model's name. Default: the request's `model`.")
    reasoning_parser: Flag = Field(False, description="Whether the server has a reasoning parser.")
    task: str | None = Field(None, description="Task set by the caller.")
    tags: tuple[str, ...] = Field((), description="Tags of the request, in addition to those in its metadata.")
    team: str | None = Field(None, description="Name of the API key's team.")
    key_alias: str | None = Field(None, description="Alias of the API key.")
    headers: dict[str, str] = Field({}, description="Headers of the request.")
    provider: str | None = Field(None, description="The provider that the host sends the request to.")
    backend: Annotated[str, AfterValidator(_check_backend)] = Field(
        DEFAULT_BACKEND, description="The server behind the host: an engine, or a provider of LiteLLM."
    )
    thinking: Literal["on", "off"] | None = Field(
        None, description="The host's setting: whether the deployment thinks if a request sets nothing."
    )
    max_model_len: int | None = Field(None, ge=1, description="The context length of the server in tokens.")
    profiles: tuple[str, ...] = Field((), description="The profiles that the host has activated.")
    skip: tuple[str, ...] = Field((), description="Rules that the caller asks to skip.")
    request: Object = Field(description="The body of the request.")
    response: tuple[CaseDelta, ...] | None = Field(None, description="The answer's deltas: content, or mappings.")
    expect: Expect = Field(description="The expected results.")

    def build_context(self) -> RequestContext:
        """Return what a host would know of the request besides its body."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers |= {SKIP_HEADER: ",".join(self.skip), TASK_HEADER: self.task or ""}
        context = RequestContext.from_headers(headers, self.request.get("metadata"))
        return context._replace(
            model=self.model,
            has_reasoning_parser=self.reasoning_parser,
            tags=(*context.tags, *self.tags),
            team=self.team,
            key_alias=self.key_alias,
            provider=self.provider,
            thinking=read_switch_text(self.thinking),
            max_model_len=self.max_model_len,
            **find_limits(self.backend)._asdict(),
        )


class Policy(YamlModel):
    """One policy file. Before it is compiled, it is merged with all that it extends."""

    version: Annotated[Literal[1], BeforeValidator(_check_version)] = Field(
        description="The version of the policy language."
    )
    name: PolicyName = Field(description="Unique; shown in headers and logs.")
    description: str = Field("", description="What the policy is for, in one line.")
    sources: tuple[Source, ...] = Field((), description="The sources of the policy's values.")
    applies_to: AppliesTo | None = Field(None, description="Models it applies to. Default: explicit binding only.")
    mode: Mode = Field("enforce", description="enforce; audit: decide and log, but change nothing; off.")
    on_error: OnError = Field("closed", description="On an internal error: closed rejects, open passes unchanged.")
    engine: EngineOptions = Field(
        {}, description="Options of vLLM that the launcher sets for this model family, written with underscores."
    )
    extends: str | None = Field(
        None, min_length=1, description="A shipped policy's name, or a file below the same folder."
    )
    remove: tuple[RuleName, ...] = Field((), description="Inherited rules to remove.")
    tasks: dict[TaskName, TaskDefinition] = Field(
        {}, description="Custom tasks, and additional evidence for math and code; checked in this order."
    )
    rules: tuple[AnyRule, ...] = Field((), description="The rules, in the order in which they run.")
    tests: tuple[Case, ...] = Field((), description="Cases, run by `prompt-policy test`.")

    @property
    def hash(self) -> str:
        """The first 12 hex digits of a SHA-256 over everything that affects what the policy does.

        The order of keys is included: the first text is the fallback, and tasks are checked in their order.
        """
        ignored = {"description", "sources", "tests"}
        hashed = self.model_dump(mode="json", by_alias=True, exclude=ignored, exclude_defaults=True)
        return hashlib.sha256(json.dumps(hashed).encode()).hexdigest()[:12]

    def activate_profiles(self, profiles: Collection[str]) -> Policy:
        """Return this policy with the rules of some profiles active; itself if it has no such rules."""
        if not any(rule.profile in profiles for rule in self.rules):
            return self
        rules = [rule.model_copy(update={"profile": None}) if rule.profile in profiles else rule for rule in self.rules]
        return self.model_copy(update={"rules": tuple(rules)})

    def inherit_from(self, base: Policy) -> Policy:
        """Return this policy merged onto its base.

        A rule of the same name replaces the base's rule, ``remove`` removes rules, and new rules follow at the end.
        """
        own = {rule.name: rule for rule in self.rules}
        kept = [own.pop(rule.name, rule) for rule in base.rules if rule.name not in self.remove]
        inherited = {key: getattr(base, key) for key in ("mode", "on_error") if key not in self.model_fields_set}
        merged = {"engine": {**base.engine, **self.engine}, "tasks": {**base.tasks, **self.tasks}}
        rules = (*kept, *own.values())
        return self.model_copy(update={**inherited, **merged, "rules": rules, "extends": None, "remove": ()})

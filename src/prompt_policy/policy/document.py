"""The models of a policy file."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.own_tasks import TaskName, TaskSigns
from prompt_policy.kinds import Rule, kinds
from prompt_policy.kinds.base import Mode, RuleName
from prompt_policy.wire import Endpoint
from prompt_policy.yaml_model import Flag, Names, YamlModel

OnError = Literal["closed", "open"]
PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Object = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]

if TYPE_CHECKING:
    AnyRule: TypeAlias = Rule
else:
    AnyRule = Annotated[Union[tuple(kinds().values())], Field(discriminator="kind")]  # noqa: UP007 - built at run time


_NOT_THE_FAMILYS = ("model", "host", "port", "api_key", "served_model_name")
_OPTION = rf"^(?!({'|'.join(_NOT_THE_FAMILYS)})$)[a-z][a-z0-9_]*$"


def _engine(value: object) -> object:
    for key in value if isinstance(value, dict) else ():
        name = str(key)
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            raise PydanticCustomError("engine", "'{key}': vLLM's options are written with underscores", {"key": name})
        if name in _NOT_THE_FAMILYS:
            raise PydanticCustomError("engine", "'{key}' is for whoever starts vLLM to say", {"key": name})
    return value


Engine = Annotated[
    dict[str, Any],
    AfterValidator(_engine),
    WithJsonSchema({"type": "object", "propertyNames": {"pattern": _OPTION}}),
]


class Source(YamlModel):
    """Where a figure comes from: a public page of the model's makers."""

    url: str = Field(pattern=r"^https?://\S+$", description="The page.")
    date: datetime.date = Field(description="The day of the revision that says it; where unknown, of reading it.")
    says: str = Field(min_length=1, description="What it says, in one's own words.")
    for_: tuple[str, ...] = Field(
        (), alias="for", description="The rules that it is the reason for, by name; `engine` for what stands there."
    )


class AppliesTo(YamlModel):
    """The models that a policy is for."""

    models: Names = Field(description="Globs on model names, case-insensitive.")
    except_: Names = Field((), alias="except", description="Globs on names that are not meant.")


class Delta(YamlModel):
    """A piece of an answer in a case: content, or reasoning, or both (reasoning first)."""

    content: str | None = None
    reasoning: str | None = None


class ExpectedRefusal(YamlModel):
    """The refusal that a case expects."""

    param: str | None = Field(None, description="The parameter that the refusal names.")
    contains: str | None = Field(None, description="A part of its message.")


class Expect(YamlModel):
    """What a case expects; every key given must hold."""

    request: Object | None = Field(None, description="A subset of the outgoing body; lists count whole.")
    absent: tuple[str, ...] = Field((), description="Dotted names that the outgoing body does not hold.")
    fired: tuple[str, ...] | None = Field(None, description="The request rules that changed something, in order.")
    unchanged: Flag | None = Field(None, description="The body goes out as it came.")
    refused: ExpectedRefusal | None = Field(None, description="The request is refused with HTTP 400.")
    content: str | None = Field(None, description="The answer's content as the client reads it.")
    reasoning: str | None = Field(None, description="The answer's reasoning as the client reads it.")


def _deltas(value: object) -> object:
    return (
        [{"content": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value
    )


Pieces = Annotated[
    tuple[Delta, ...],
    BeforeValidator(_deltas),
    WithJsonSchema({"type": "array", "items": {"anyOf": [{"type": "string"}, Delta.model_json_schema()]}}),
]


class Case(YamlModel):
    """One item under ``tests:``: a request, and an answer's pieces, with what is to become of them."""

    name: str = Field(min_length=1, description="What the case shows.")
    endpoint: Endpoint = Field("chat", description="The endpoint that the request is sent to.")
    model: str | None = Field(None, description="The real model's name; not given: the request's.")
    reasoning_parser: Flag = Field(False, description="The server is known to have a reasoning parser.")
    task: str | None = Field(None, description="The caller's own word for the task.")
    tags: tuple[str, ...] = Field((), description="The request's tags; those in its metadata count, too.")
    team: str | None = Field(None, description="The name of the key's team.")
    key_alias: str | None = Field(None, description="The key's alias.")
    skip: tuple[str, ...] = Field((), description="The rules that the caller asks to be spared.")
    request: Object = Field(description="The request's body.")
    response: Pieces | None = Field(None, description="The answer's pieces: content, or mappings.")
    expect: Expect = Field(description="What is to become of them.")


class Policy(YamlModel):
    """One policy file; what is compiled is the policy with all that it extends."""

    version: Literal[1] = Field(description="The version of the language.")
    name: PolicyName = Field(description="Unique; shown in headers and logs.")
    description: str = Field("", description="What the policy is for, in a line.")
    sources: tuple[Source, ...] = Field((), description="Where the figures come from.")
    applies_to: AppliesTo | None = Field(None, description="The models it is for; none: only by explicit binding.")
    mode: Mode = Field("enforce", description="enforce; audit: decide and record, change nothing; off.")
    on_error: OnError = Field("closed", description="A fault of ours: closed refuses, open passes unchanged.")
    engine: Engine = Field(
        {}, description="What the launcher hands to vLLM for this family: its options, written with underscores."
    )
    extends: str | None = Field(None, min_length=1, description="A shipped name, or a file below the same folder.")
    remove: tuple[RuleName, ...] = Field((), description="Inherited rules to drop.")
    tasks: dict[TaskName, TaskSigns] = Field(
        {}, description="Tasks of the policy's own, and sharper signs of math and code; judged in this order."
    )
    rules: tuple[AnyRule, ...] = Field((), description="Run in this order.")
    tests: tuple[Case, ...] = Field((), description="Cases, run by `prompt-policy test`.")

    @property
    def hash(self) -> str:
        """The first 12 hex digits of a SHA-256 over all that decides what the policy does."""
        told = {"description", "sources", "tests"}
        meant = self.model_dump(mode="json", by_alias=True, exclude=told, exclude_defaults=True)
        return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()[:12]

    def over(self, base: Policy) -> Policy:
        """Return this policy with what it inherits: same-named rules replace, ``remove`` drops, new ones follow."""
        own = {rule.name: rule for rule in self.rules}
        kept = [own.pop(rule.name, rule) for rule in base.rules if rule.name not in self.remove]
        inherited = {key: getattr(base, key) for key in ("mode", "on_error") if key not in self.model_fields_set}
        merged = {"engine": {**base.engine, **self.engine}, "tasks": {**base.tasks, **self.tasks}}
        rules = (*kept, *own.values())
        return self.model_copy(update={**inherited, **merged, "rules": rules, "extends": None, "remove": ()})

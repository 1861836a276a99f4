"""The input of conditions: the original request, and the host's knowledge about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from prompt_policy.conditions.formats.dictated_turns import DictatedTurns
from prompt_policy.conditions.language import detect_language
from prompt_policy.conditions.tasks.classifier import classify_task
from prompt_policy.conditions.tasks.custom import TaskClassifier
from prompt_policy.wire import Json, JsonObject, Request, Turn
from prompt_policy.wire.capabilities import NO_OBSTACLES, NO_UNSUPPORTED, Capability

TASK_HEADER: Final = "x-prompt-policy-task"
SKIP_HEADER: Final = "x-prompt-policy-skip"
DOCTOR_HEADER: Final = "x-prompt-policy-doctor"
"""Marks the request of ``prompt-policy doctor``. A host adds to its response which policy applies, and why."""
_MAX_SKIPS: Final = 32
_MAX_HEADER_CHARS: Final = 2048
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_RULE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RequestContext(NamedTuple):
    """The knowledge of a host about a request, beside its body.

    Arguments:
        model: the real model's name; None: the name in the body.
        task: the task set by the caller for the last user turn; None: it is classified.
        has_reasoning_parser: whether the server returns reasoning in a field of its own.
        tags: the request's tags.
        metadata: the metadata sent by the client.
        team: the name or id of the caller's team.
        key_alias: the alias of the caller's API key.
        requested_skips: names of the rules that the caller asks to skip.
        allowed_skips: names of the rules that the host lets the caller skip; None: all that have ``may_skip``.
        headers: the request's headers; their names in lower case. They are never logged.
        provider: the provider or engine that the host sends the request to, such as ``hosted_vllm``; None: unknown.
        thinking: whether the deployment thinks if a request sets nothing; None: unknown.
        max_model_len: the server's context length in tokens; None: unknown.
        obstacles: the capabilities that the way to the server lacks, with the reason as a clause.
        unsupported_parameters: the parameters that rules must not set, with the reason; their names follow it.
    """

    model: str | None = None
    task: str | None = None
    has_reasoning_parser: bool = False
    tags: tuple[str, ...] = ()
    metadata: JsonObject | None = None
    team: str | None = None
    key_alias: str | None = None
    requested_skips: tuple[str, ...] = ()
    allowed_skips: tuple[str, ...] | None = None
    headers: Mapping[str, str] = NO_HEADERS
    provider: str | None = None
    thinking: bool | None = None
    max_model_len: int | None = None
    obstacles: Mapping[Capability, str] = NO_OBSTACLES
    unsupported_parameters: Mapping[str, str] = NO_UNSUPPORTED

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], metadata: Json) -> RequestContext:
        """Return the context that a client sets: the task, tags, and rules to skip.

        Arguments:
            headers: the request's headers; their names in lower case.
            metadata: the request's ``metadata``. A task in the header takes precedence over one in the metadata.
        """
        known = metadata if isinstance(metadata, dict) else None
        task = headers.get(TASK_HEADER) or (known or {}).get("task")
        skips = headers.get(SKIP_HEADER)
        return cls(
            task=task if isinstance(task, str) and task else None,
            metadata=known,
            tags=_select_texts((known or {}).get("tags")),
            requested_skips=tuple(_RULE_NAME.findall(skips[:_MAX_HEADER_CHARS])[:_MAX_SKIPS]) if skips else (),
            headers=headers,
        )

    def has_opted_out_of(self, rule: str) -> bool:
        """Return whether the caller asks to skip a rule, and the host lets it. The rule must have ``may_skip``."""
        return rule in self.requested_skips and (self.allowed_skips is None or rule in self.allowed_skips)


def _select_texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


class EvaluationContext:
    """One request as conditions see it. The task and the language are detected once, when a condition needs them.

    Arguments:
        request: the original request.
        request_context: the host's knowledge about it.
        classify: returns the task of a text.
        text: the text of the evaluated turn; None: the last user turn, for which a task set by the caller holds.
    """

    __slots__ = ("_dictated_turns", "_language", "_text", "classify", "known_task", "request", "request_context")

    def __init__(
        self,
        request: Request,
        request_context: RequestContext,
        classify: TaskClassifier = classify_task,
        text: str | None = None,
    ) -> None:
        self.request = request
        self.request_context = request_context
        self.classify = classify
        self._text = text
        self._dictated_turns: DictatedTurns | None = None
        self._language: str | None = None
        self.known_task: str | None = None
        """The task, if a condition has needed it."""

    @property
    def model(self) -> str:
        """The real model's name."""
        return self.request_context.model or self.request.model

    @property
    def text(self) -> str:
        """The text of the evaluated turn."""
        return self.request.last_user_text if self._text is None else self._text

    @property
    def task(self) -> str:
        """The task of the evaluated text: set by the caller, or classified."""
        if self.known_task is None:
            requested = self.request_context.task if self._text is None else None
            self.known_task = requested or self.classify(self.text)
        return self.known_task

    @property
    def language(self) -> str:
        """The language of the evaluated text."""
        if self._language is None:
            self._language = detect_language(self.text)
        return self._language

    @property
    def format_dictated(self) -> bool:
        """Whether a parameter, the evaluated text or an instruction before it dictates the form of the answer."""
        return self.request.traits.json_mode or self._find_dictated_turns().include(self.text)

    def _find_dictated_turns(self) -> DictatedTurns:
        if self._dictated_turns is None:
            self._dictated_turns = DictatedTurns(self.request.conversation)
        return self._dictated_turns

    def for_turn(self, turn: Turn, *, is_last: bool) -> EvaluationContext:
        """Return the context in which another turn is evaluated."""
        return self.for_text(turn.original_text, is_last)

    def for_text(self, text: str, is_last: bool) -> EvaluationContext:
        """Return the context in which the text of another turn is evaluated."""
        if is_last:
            return self
        context = EvaluationContext(self.request, self.request_context, self.classify, text)
        context._dictated_turns = self._find_dictated_turns()
        return context

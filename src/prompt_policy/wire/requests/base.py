"""The view of a request that all kinds work on. It copies on write, so the host's body is never changed."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, NamedTuple, Self

from prompt_policy.wire.capabilities import NO_OBSTACLES, NO_UNSUPPORTED, Capability
from prompt_policy.wire.requests.conversation import ROLES, Conversation
from prompt_policy.wire.requests.parameters import ParameterPath, TokenLimitNames
from prompt_policy.wire.requests.thinking import DEFAULT_SUPPORT, is_thinking
from prompt_policy.wire.requests.traits import (
    DEFAULT_TRAITS,
    TRAIT_PARAMETERS,
    Traits,
    find_token_data,
    has_structured_output,
)
from prompt_policy.wire.requests.turn import Turn
from prompt_policy.wire.values import MISSING, Json, JsonObject, cached_attribute

Endpoint = Literal["chat", "completions", "responses", "messages"]


class Change(NamedTuple):
    """One change by a rule: of a dotted parameter, or of the part of the body that holds text."""

    path: str
    before: Json
    after: Json


class NotAnObjectError(Exception):
    """The parent of a dotted parameter is present but is not an object. ``args[0]`` is the parent's path."""


class Request(ABC):
    """One request, with the same interface for every endpoint.

    A view belongs to one request and one thread. ``original`` is the view of the client's request, without the changes
    of earlier rules. The host's body is never changed; as long as nothing is set, ``body`` is that same object.
    """

    endpoint: ClassVar[Endpoint]
    text_change: ClassVar[Change]
    """A change of the conversation; its path is the key of the body that holds the conversation."""
    token_limits: ClassVar[TokenLimitNames]
    """The names of the parameter that limits the generated tokens."""
    max_model_len: int | None = None  # of the original view: the server's context length in tokens; None: unknown
    obstacles: Mapping[Capability, str] = NO_OBSTACLES  # of the original view: missing capabilities, with the reason
    unsupported_parameters: Mapping[str, str] = NO_UNSUPPORTED  # of the original view: not to be set, with the reason

    def __init__(self, body: JsonObject) -> None:
        self._body = self._original_body = body
        self._is_written = True  # whether the body contains the current conversation
        self.changes: list[Change] = []
        self.original = self
        self.thinking_support = DEFAULT_SUPPORT  # of the original view; set it before the traits are read

    def copy(self) -> Self:
        """Return an independent view with the same content and original."""
        duplicate = type(self)(self.body)
        duplicate.conversation, duplicate.original = self.conversation, self.original
        return duplicate

    @property
    def body(self) -> JsonObject:
        """The body with all changes."""
        if not self._is_written:
            self._is_written = True
            self._write(self._writable_body(), self.conversation)
        return self._body

    # Parameters

    def get(self, path: ParameterPath) -> Json:
        """Return a parameter, or MISSING. Raise NotAnObjectError if its parent is a scalar or a list."""
        body = self._body if self._is_written else self.body
        if len(path) == 1:
            return body.get(path[0], MISSING)
        value: Json = body
        for depth, key in enumerate(path):
            if not isinstance(value, dict):
                if value is None:
                    return MISSING
                raise NotAnObjectError(".".join(path[:depth]))
            value = value.get(key, MISSING)
            if value is MISSING:
                return MISSING
        return value

    def find(self, path: ParameterPath) -> Json:
        """Return a parameter, or MISSING if it is absent or its parent is absent or not an object."""
        try:
            return self.get(path)
        except NotAnObjectError:
            return MISSING

    def set(self, path: ParameterPath, value: Json) -> None:
        """Set a parameter, or remove it if the value is MISSING; an equal value changes nothing."""
        name = path[-1]
        before = self.body.get(name, MISSING) if len(path) == 1 else self.get(path)
        if before is value or (type(before) is type(value) and before == value):
            return
        target = self._writable_body()
        for key in path[:-1]:
            target[key] = dict(target.get(key) or {})
            target = target[key]
        if value is MISSING:
            del target[name]
        else:
            target[name] = value
        self.changes.append(Change(name if len(path) == 1 else ".".join(path), before, value))

    def replace(self, name: str, before: Json, value: Json) -> None:
        """Set a top-level parameter whose current value, ``before``, is known to differ."""
        self._writable_body()[name] = value
        self.changes.append(Change(name, before, value))

    def _writable_body(self) -> JsonObject:
        """Return the copy of the body that changes are written to."""
        if self._body is self._original_body:
            self._body = dict(self._original_body)
        return self._body

    # The conversation

    @cached_attribute
    def conversation(self) -> Conversation:
        """The conversation in columns; empty if the endpoint or this body has none."""
        return self._read()

    def set_conversation(self, conversation: Conversation) -> None:
        """Replace the conversation; the same object changes nothing."""
        if conversation is not self.conversation:
            self.changes += self._list_changes(self.conversation, conversation)
            self.conversation, self._is_written = conversation, False

    def _list_changes(self, _before: Conversation, _after: Conversation) -> Sequence[Change]:
        return (self.text_change,)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation, one turn per message."""
        rows = zip(*self.conversation, strict=True)
        return tuple([Turn(ROLES[role], raw, text, self.text_type(role)) for role, raw, text in rows])

    def set_turns(self, turns: Sequence[Turn]) -> None:
        """Replace the conversation; the same messages change nothing."""
        new, old = Conversation.from_turns(turns), self.conversation
        if len(new.raws) == len(old.raws) and all(map(operator.is_, new.raws, old.raws)):
            return
        self.set_conversation(new)

    def text_type(self, role: str) -> str:
        """Return the type of a new text part in messages of a role."""
        return "text"

    def build_system_message(self, content: Json) -> JsonObject:
        """Return a new system message for the start of the conversation."""
        return {"role": "system", "content": content}

    @property
    def continues_stored(self) -> bool:
        """Whether the server inserts earlier turns, which it has stored, before this conversation."""
        return False

    @abstractmethod
    def _read(self) -> Conversation: ...

    @abstractmethod
    def _write(self, body: JsonObject, conversation: Conversation) -> None: ...

    @abstractmethod
    def add_prefill(self, text: str) -> None:
        """Add a final assistant message that the server continues, so that the answer begins with ``text``."""

    @cached_attribute
    def traits(self) -> Traits:
        """What keeps rules from acting, computed once for all rules; read it from the original view."""
        if self.thinking_support is DEFAULT_SUPPORT and TRAIT_PARAMETERS.isdisjoint(self._body):
            return DEFAULT_TRAITS
        return Traits(self.has_tools, self.json_mode, self.token_data, self.thinking_enabled)

    @property
    def model(self) -> str:
        """The model name in the body, or an empty string."""
        name = self._body.get("model")
        return name if isinstance(name, str) else ""

    @property
    def is_streaming(self) -> bool:
        """Whether the client requests a stream."""
        return self._body.get("stream") is True

    @property
    def has_tools(self) -> bool:
        """Whether the request offers tools or functions."""
        return bool(self._body.get("tools") or self._body.get("functions"))

    @property
    def json_mode(self) -> bool:
        """Whether the answer is constrained to a format: JSON, a grammar, a regular expression or a choice."""
        return has_structured_output(self._body)

    @property
    def has_system(self) -> bool:
        """Whether there is a system or developer message with content."""
        roles, raws, _texts = self.conversation
        return any(raw.get("content") for role, raw in zip(roles, raws, strict=True) if role == "s")

    @property
    def is_prefilled(self) -> bool:
        """Whether the last message is an assistant message, which the answer continues."""
        if self._body.get("continue_final_message") is True:
            return True
        return self.conversation.roles.endswith("a")

    @property
    def prefill(self) -> str:
        """The text that the answer continues, or an empty string."""
        roles, _raws, texts = self.conversation
        return texts[-1] if roles.endswith("a") else ""

    @property
    def token_data(self) -> str:
        """The name of data about the answer's tokens that the client requests, such as logprobs; empty if none."""
        return find_token_data(self._body)

    @property
    def thinking_enabled(self) -> bool:
        """Whether the model thinks: no parameter, default or soft switch disables it."""
        roles, _raws, texts = self.conversation
        instructions = (text for role, text in zip(roles, texts, strict=True) if role in "su")
        return is_thinking(self._body, self.thinking_support, instructions)

    @property
    def system_text(self) -> str:
        """The original texts of all system and developer messages, joined by newlines."""
        roles, _raws, texts = self.conversation
        return "\n".join([text for role, text in zip(roles, texts, strict=True) if role == "s"])

    @property
    def last_user_text(self) -> str:
        """The original text of the last user turn, or an empty string."""
        roles, _raws, texts = self.conversation
        last = roles.rfind("u")
        return texts[last] if last >= 0 else ""

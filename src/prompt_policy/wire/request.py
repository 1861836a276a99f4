"""The view of a request that every kind works on; copy on write, so the host's body stays as it was."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, Literal, NamedTuple, Self

from prompt_policy.wire.turn import Turn
from prompt_policy.wire.values import MISSING, Json, JsonObject

Endpoint = Literal["chat", "completions", "responses", "messages"]
Path = tuple[str, ...]

TOKEN_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_STRUCTURED: Final = frozenset({"structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar"})


class Change(NamedTuple):
    """One thing that a rule changed: a dotted parameter, or the part of the body that holds text."""

    path: str
    before: Json
    after: Json


class NotAnObject(Exception):
    """A dotted parameter's parent is there and is not an object. ``args[0]`` is the parent's path."""


class Request(ABC):
    """One request, seen the same way whatever its endpoint.

    A view belongs to one request and one thread. ``came`` is the view as the request came, for what must
    not see the work of earlier rules. The body that was given is never changed; as long as nothing is set,
    ``body`` is that very object.
    """

    endpoint: ClassVar[Endpoint]
    token_limit: ClassVar[str]
    """The endpoint's own name for the bound on generated tokens."""

    def __init__(self, body: JsonObject) -> None:
        self._body = body
        self._given = body
        self._turns: tuple[Turn, ...] | None = None
        self.changes: list[Change] = []
        self.came = self

    def fork(self) -> Self:
        """Return a view that starts where this one is and whose changes this one does not see."""
        twin = type(self)(self._body)
        twin._turns, twin.came = self._turns, self.came
        return twin

    @property
    def body(self) -> JsonObject:
        """The body with everything that was changed."""
        return self._body

    # Parameters

    def get(self, path: Path) -> Json:
        """Return a parameter, or MISSING. Raise NotAnObject where its parent is a scalar or a list."""
        if len(path) == 1:
            return self._body.get(path[0], MISSING)
        value: Json = self._body
        for depth, key in enumerate(path):
            if not isinstance(value, dict):
                if value is None:
                    return MISSING
                raise NotAnObject(".".join(path[:depth]))
            value = value.get(key, MISSING)
            if value is MISSING:
                return MISSING
        return value

    def find(self, path: Path) -> Json:
        """Return a parameter, or MISSING where it or its parent is not there."""
        try:
            return self.get(path)
        except NotAnObject:
            return MISSING

    def set(self, path: Path, value: Json) -> None:
        """Set a parameter, or with MISSING remove it; set to what it already is, nothing happens."""
        before = self.get(path)
        if before is value or (type(before) is type(value) and before == value):
            return
        self._edit(path, value)
        self.changes.append(Change(path[0] if len(path) == 1 else ".".join(path), before, value))

    def _edit(self, path: Path, value: Json) -> None:
        target = self._owned()
        for key in path[:-1]:
            target[key] = dict(target.get(key) or {})
            target = target[key]
        if value is MISSING:
            del target[path[-1]]
        else:
            target[path[-1]] = value

    def _owned(self) -> JsonObject:
        if self._body is self._given:
            self._body = dict(self._given)
        return self._body

    # Turns

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation, one turn a message; empty where the endpoint or this body has none."""
        if self._turns is None:
            self._turns = tuple(self._read_turns()) if self.came is self else self.came.turns
        return self._turns

    def set_turns(self, turns: Sequence[Turn]) -> None:
        """Replace the conversation; with the same turns, nothing happens."""
        new = tuple(turns)
        if len(new) == len(self.turns) and all(map(operator.is_, new, self.turns)):
            return
        self._turns = new
        self._write_turns(self._owned(), new)
        self.changes.append(Change(self.text_path, MISSING, MISSING))

    @property
    @abstractmethod
    def text_path(self) -> str:
        """The part of the body that holds the conversation, as a change names it."""

    @abstractmethod
    def _read_turns(self) -> Sequence[Turn]: ...

    @abstractmethod
    def _write_turns(self, body: JsonObject, turns: Sequence[Turn]) -> None: ...

    @abstractmethod
    def open_answer(self, text: str) -> None:
        """Have the answer begin with ``text``, by a last assistant message that the server continues."""

    # What the request asks for

    @property
    def model(self) -> str:
        """The model's name in the body, or an empty string."""
        name = self._body.get("model")
        return name if isinstance(name, str) else ""

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return self._body.get("stream") is True

    @property
    def has_tools(self) -> bool:
        """Whether the request offers tools or functions."""
        return bool(self._body.get("tools") or self._body.get("functions"))

    @property
    def json_mode(self) -> bool:
        """Whether the answer is bound to a format: JSON, a grammar, a regex or a choice."""
        wanted = self._body.get("response_format")
        if isinstance(wanted, dict) and wanted.get("type") not in (None, "text"):
            return True
        return not _STRUCTURED.isdisjoint(self._body) and any(self._body.get(name) for name in _STRUCTURED)

    @property
    def has_system(self) -> bool:
        """Whether a system or developer message is there."""
        return any(turn.role == "system" for turn in self.turns)

    @property
    def is_prefilled(self) -> bool:
        """Whether the last message is an assistant's, which the answer continues."""
        if self._body.get("continue_final_message") is True:
            return True
        return bool(self.turns) and self.turns[-1].role == "assistant"

    @property
    def prefill(self) -> str:
        """The text that the answer continues, or an empty string."""
        last = self.turns[-1] if self.turns else None
        return last.own_text if last is not None and last.role == "assistant" else ""

    @property
    def wants_logprobs(self) -> bool:
        """Whether tokens are reported one by one, so that text and tokens must agree."""
        wanted = self._body.get("logprobs")
        return bool(self._body.get("top_logprobs")) or (wanted is not None and wanted is not False)

    @property
    def thinks(self) -> bool:
        """Whether no known switch of the request turns thinking off."""
        body = self._body
        if body.get("reasoning_effort") == "none" or body.get("thinking_token_budget") == 0:
            return False
        if _entry(body.get("reasoning"), "effort") == "none":
            return False
        if _entry(body.get("thinking"), "type") == "disabled":
            return False
        kwargs = body.get("chat_template_kwargs")
        return not any(_entry(kwargs, name) is False for name in ("enable_thinking", "thinking"))

    @property
    def system_text(self) -> str:
        """The texts of all system and developer messages, as the client sent them."""
        return "\n".join([turn.own_text for turn in self.turns if turn.role == "system"])

    @property
    def last_user_text(self) -> str:
        """The text of the last user turn, as the client sent it."""
        return next((turn.own_text for turn in reversed(self.turns) if turn.role == "user"), "")


def _entry(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, dict) else None

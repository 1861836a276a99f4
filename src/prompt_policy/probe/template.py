"""What a chat template does, and what a server does beside it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Final, Protocol

from prompt_policy.probe.server import Refused, Server
from prompt_policy.wire.values import JsonObject

OPENING: Final = "<think>\n"
FIRST, SECOND, THOUGHT = "alphamark", "betamark", "gammamark"
USER: Final = {"role": "user", "content": "deltamark"}
_OPENED: Final = re.compile(r"<[^<>/|｜\s]{1,30}>\s*\Z")
_TOKENS: Final = 12


class Renderer(Protocol):
    """Whatever renders a chat request with a template: a server, or a checkpoint's own files."""

    def prompt(self, body: JsonObject) -> str | None:
        """Return the prompt, or None where it cannot be told. Raise Refused with the template's own words."""


@dataclass(frozen=True)
class Behaviour:
    """What was found, each in words; an empty text means that it could not be told."""

    opens: str = ""
    """The text that the template opens the answer with by itself."""
    system: str = ""
    two_systems: str = ""
    two_users: str = ""
    old_thoughts: str = ""
    prefill: str = ""
    reasoning_parser: str = ""
    seeds: str = ""

    def rows(self) -> JsonObject:
        """Return everything by its name."""
        return asdict(self)


def behaviour_of(server: Server) -> Behaviour:
    """Ask a server everything. Raise UsageError where it stops answering."""
    return replace(template_behaviour(server), reasoning_parser=_parser(server), seeds=_seeds(server))


def template_behaviour(renderer: Renderer, opening: str = OPENING) -> Behaviour:
    """Ask for what a template alone decides; ``opening`` is what is prefilled."""
    plain = _prompt(renderer, [USER])
    if plain is None:
        return Behaviour()
    found = _OPENED.search(plain) if isinstance(plain, str) else None
    return Behaviour(
        opens=found.group() if found else "nothing",
        system=_kept(renderer, [_system(FIRST), USER], FIRST),
        two_systems=_kept(renderer, [_system(FIRST), _system(SECOND), USER], FIRST, SECOND),
        two_users=_kept(renderer, [_user(FIRST), _user(SECOND)], FIRST, SECOND),
        old_thoughts=_kept(renderer, [_user(FIRST), _thoughtful(), USER], THOUGHT),
        prefill=prefilled(renderer, [USER], opening),
    )


def prefilled(renderer: Renderer, messages: list[JsonObject], opening: str) -> str:
    """Tell what becomes of a prefilled opening: ``kept``, or what the prompt ends with instead."""
    before = _prompt(renderer, messages)
    body = {"continue_final_message": True, "add_generation_prompt": False}
    after = _prompt(renderer, [*messages, {"role": "assistant", "content": opening}], body)
    if isinstance(after, Refused):
        return f"refused: {after}"
    if not isinstance(before, str) or after is None:
        return ""
    if after == before.removesuffix(opening) + opening:
        return "kept"
    shared = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    return f"turned into {after[shared:]!r}"


def _prompt(renderer: Renderer, messages: list[JsonObject], body: JsonObject | None = None) -> str | Refused | None:
    try:
        return renderer.prompt({"messages": messages, **(body or {})})
    except Refused as refused:
        return refused


def _kept(renderer: Renderer, messages: list[JsonObject], *marks: str) -> str:
    prompt = _prompt(renderer, messages)
    if isinstance(prompt, Refused):
        return f"refused: {prompt}"
    if prompt is None:
        return ""
    lost = [mark for mark in marks if mark not in prompt]
    if not lost:
        return "kept"
    return "lost" if len(marks) == 1 else f"lost: the {'first' if lost[0] == marks[0] else 'second'}"


def _parser(server: Server) -> str:
    """Tell whether a thought lands in a field of its own."""
    body = {"messages": [USER], "max_tokens": _TOKENS, "temperature": 1, "seed": 1}
    opened = [*body["messages"], {"role": "assistant", "content": OPENING}]  # type: ignore[misc]  # a list of messages
    flags = {"continue_final_message": True, "add_generation_prompt": False}
    for asked in ({**body, **flags, "messages": opened}, body):
        try:
            reasoning, content = server.answer(asked)
        except Refused:
            continue
        if reasoning:
            return "on"
        if content and asked is not body:
            return "off"
    return ""


def _seeds(server: Server) -> str:
    def said(seed: int) -> tuple[str, str]:
        return server.answer({"messages": [USER], "max_tokens": _TOKENS, "temperature": 1, "seed": seed})

    try:
        first, again, others = said(1), said(1), [said(seed) for seed in (2, 3)]
    except Refused:
        return ""
    if first != again:
        return "ignored: one seed gave two answers"
    return "honoured" if any(other != first for other in others) else "the same answer to every seed"


def _system(text: str) -> JsonObject:
    return {"role": "system", "content": text}


def _user(text: str) -> JsonObject:
    return {"role": "user", "content": text}


def _thoughtful() -> JsonObject:
    return {"role": "assistant", "content": f"<think>\n{THOUGHT}\n</think>\n\n{SECOND}"}

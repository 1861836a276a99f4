"""The behaviour of a chat template and of its server, found by rendering marked messages."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Final, Protocol

from prompt_policy.probe.client import ProbeClient, RequestRejected
from prompt_policy.probe.default_system import count_shared, find_default_system
from prompt_policy.wire.values import JsonObject

OPENING: Final = "<think>\n"
_FIRST, _SECOND, _REASONING = "alphamark", "betamark", "gammamark"
USER_MESSAGE: Final = {"role": "user", "content": "deltamark"}
_PREVENTED: Final = "adds nothing"
"""What a template does for an empty system message if it then adds no text of its own."""
_OPENED_TAG: Final = re.compile(r"<[^<>/|｜\s]{1,30}>\s*\Z")
_MAX_TOKENS: Final = 12


class PromptRenderer(Protocol):
    """Renders a chat request with a template: a server, or the files of a checkpoint."""

    def render_prompt(self, body: JsonObject) -> str | None:
        """Return the prompt, or None if it cannot be rendered. Raise RequestRejected with the template's message."""


@dataclass(frozen=True)
class Behaviour:
    """Findings in words. An empty string means that the behaviour could not be determined.

    Arguments:
        opens: the text with which the template opens the answer, or ``nothing``.
        system: what happens to a system message: ``kept``, ``lost``, or ``refused`` with the template's message.
        default_system: the system message that the template adds if the request has none, or ``nothing``.
        empty_system: what the template does for an empty system message if it adds one of its own: ``adds nothing``,
            ``adds the same``, or ``refused`` with its message.
        two_systems: what happens to two system messages.
        two_users: what happens to two successive user messages.
        earlier_reasoning: what happens to the reasoning of earlier turns.
        prefill: what happens to a prefilled opening: ``kept``, ``refused``, or what it becomes.
        reasoning_parser: ``on`` or ``off``.
        seeds: whether the server honours ``seed``.
        rejection: why a single user message is rejected; the other findings are then unknown.
    """

    opens: str = ""
    system: str = ""
    default_system: str = ""
    empty_system: str = ""
    two_systems: str = ""
    two_users: str = ""
    earlier_reasoning: str = ""
    prefill: str = ""
    reasoning_parser: str = ""
    seeds: str = ""
    rejection: str = ""

    @property
    def added_system(self) -> str:
        """The system message that the template adds if the request has none; empty if it is known to add none."""
        return "" if self.default_system == "nothing" else self.default_system

    @property
    def honours_empty_system(self) -> bool:
        """Whether the template adds no system message of its own if the request has an empty one."""
        return self.empty_system == _PREVENTED

    def rows(self) -> JsonObject:
        """Return all findings by name."""
        return asdict(self)


def probe_server(client: ProbeClient) -> Behaviour:
    """Return the behaviour of a server and its template. Raise UsageError if the server stops answering."""
    template = probe_template(client)
    if template.rejection:
        return template
    return replace(template, reasoning_parser=_detect_reasoning_parser(client), seeds=_check_seeds(client))


def probe_template(renderer: PromptRenderer, opening: str = OPENING) -> Behaviour:
    """Return the behaviour that the template alone determines. ``opening`` is the text to prefill."""
    plain = _render(renderer, [USER_MESSAGE])
    if plain is None:
        return Behaviour()
    if isinstance(plain, RequestRejected):
        return Behaviour(rejection=str(plain))
    opened = _OPENED_TAG.search(plain)
    default_system, empty_system = _check_default_system(renderer, plain)
    reasoning_turns = [_user(_FIRST), _assistant_with_reasoning(), USER_MESSAGE]
    return Behaviour(
        opens=opened.group() if opened else "nothing",
        system=_check_survival(renderer, [_system(_FIRST), USER_MESSAGE], _FIRST),
        default_system=default_system,
        empty_system=empty_system,
        two_systems=_check_survival(renderer, [_system(_FIRST), _system(_SECOND), USER_MESSAGE], _FIRST, _SECOND),
        two_users=_check_survival(renderer, [_user(_FIRST), _user(_SECOND)], _FIRST, _SECOND),
        earlier_reasoning=_check_survival(renderer, reasoning_turns, _REASONING),
        prefill=prefill_outcome(renderer, [USER_MESSAGE], opening),
    )


def prefill_outcome(renderer: PromptRenderer, messages: list[JsonObject], opening: str) -> str:
    """Return what the template does to a prefilled opening: ``kept``, ``refused``, or what the opening becomes."""
    before = _render(renderer, messages)
    body = {"continue_final_message": True, "add_generation_prompt": False}
    after = _render(renderer, [*messages, {"role": "assistant", "content": opening}], body)
    if isinstance(after, RequestRejected):
        return f"refused: {after}"
    if not isinstance(before, str) or after is None:
        return ""
    if after == before.removesuffix(opening) + opening:
        return "kept"
    return f"turned into {after[count_shared(before, after) :]!r}"


def _render(
    renderer: PromptRenderer, messages: list[JsonObject], body: JsonObject | None = None
) -> str | RequestRejected | None:
    try:
        return renderer.render_prompt({"messages": messages, **(body or {})})
    except RequestRejected as rejection:
        return rejection


def _check_default_system(renderer: PromptRenderer, plain: str) -> tuple[str, str]:
    """Return the findings ``default_system`` and ``empty_system`` of a template."""
    marked = _render(renderer, [_system(_FIRST), USER_MESSAGE])
    if not isinstance(marked, str) or _FIRST not in marked:
        return "", ""
    text = find_default_system(plain, marked, _FIRST, USER_MESSAGE["content"])
    if not text:
        return "nothing", ""
    empty = _render(renderer, [_system(""), USER_MESSAGE])
    if isinstance(empty, RequestRejected):
        return text, f"refused: {empty}"
    return text, "" if empty is None else "adds the same" if text in empty else _PREVENTED


def _check_survival(renderer: PromptRenderer, messages: list[JsonObject], *marks: str) -> str:
    """Return whether the prompt contains all marks, in words."""
    prompt = _render(renderer, messages)
    if isinstance(prompt, RequestRejected):
        return f"refused: {prompt}"
    if prompt is None:
        return ""
    lost = [mark for mark in marks if mark not in prompt]
    if not lost:
        return "kept"
    return "lost" if len(marks) == 1 else f"lost: the {'first' if lost[0] == marks[0] else 'second'}"


def _detect_reasoning_parser(client: ProbeClient) -> str:
    """Return ``on`` if reasoning arrives in its own field, ``off`` if it arrives in the content."""
    body = {"messages": [USER_MESSAGE], "max_tokens": _MAX_TOKENS, "temperature": 1, "seed": 1}
    prefilled = [*body["messages"], {"role": "assistant", "content": OPENING}]  # type: ignore[misc]  # a list of messages
    flags = {"continue_final_message": True, "add_generation_prompt": False}
    for request in ({**body, **flags, "messages": prefilled}, body):
        try:
            reasoning, content = client.complete_chat(request)
        except RequestRejected:
            continue
        if reasoning:
            return "on"
        if content and request is not body:
            return "off"
    return ""


def _check_seeds(client: ProbeClient) -> str:
    def complete(seed: int) -> tuple[str, str]:
        return client.complete_chat(
            {"messages": [USER_MESSAGE], "max_tokens": _MAX_TOKENS, "temperature": 1, "seed": seed}
        )

    try:
        first, repeated, others = complete(1), complete(1), [complete(seed) for seed in (2, 3)]
    except RequestRejected:
        return ""
    if first != repeated:
        return "ignored: one seed gave two answers"
    return "honoured" if any(other != first for other in others) else "the same answer to every seed"


def _system(text: str) -> JsonObject:
    return {"role": "system", "content": text}


def _user(text: str) -> JsonObject:
    return {"role": "user", "content": text}


def _assistant_with_reasoning() -> JsonObject:
    return {"role": "assistant", "content": f"<think>\n{_REASONING}\n</think>\n\n{_SECOND}"}

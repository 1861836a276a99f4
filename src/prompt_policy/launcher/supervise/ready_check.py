"""Check that a started vLLM answers a request: one that refuses every chat also passes its health check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from prompt_policy.errors import Refusal
from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.diagnosis.diagnose import Diagnosis, diagnose
from prompt_policy.launcher.diagnosis.known_failures import NO_CHAT_TEMPLATE
from prompt_policy.net import post_first_line
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.values import Json

_PROMPT: Final = "Hi"
_CHAT: Final = "/v1/chat/completions"
_COMPLETIONS: Final = "/v1/completions"
_TOKENIZE: Final = "/tokenize"
_MESSAGES: Final[Json] = [{"role": "user", "content": _PROMPT}]
_ONE_TOKEN: Final[Mapping[str, Json]] = {"max_tokens": 1, "stream": True}
"""Answers are streamed, and only their beginning is read, because a policy may raise the number of tokens."""
# A key or a rate limit of the user's own middleware: not evidence that other requests are refused.
_INCONCLUSIVE: Final = (401, 403, 429)
# No such endpoint: vLLM has no /tokenize in some modes, and pooling and transcription models have no chats.
_ABSENT: Final = (404, 405, 501)
_TEMPLATE: Final = "correct the template, or set another with --chat-template FILE after --"
_SKIP: Final = "--ready-check none skips this request"


class ReadyCheck(StrEnum):
    """The request that must succeed before a vLLM is ready. A model without a chat endpoint passes ``CHAT``."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that vLLM refused: its path, the HTTP status, and the message."""

    path: str
    status: int
    message: str

    @property
    def is_server_error(self) -> bool:
        """Whether vLLM failed, and may be about to end."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def diagnose(self) -> Diagnosis:
        """Return the cause and the remedy."""
        line = f"POST {self.path}: HTTP {self.status}: {' '.join(self.message.split())}"
        if NO_CHAT_TEMPLATE.pattern.search(self.message):
            return Diagnosis(
                f"{NO_CHAT_TEMPLATE.cause}, so it refuses every chat",
                f"{NO_CHAT_TEMPLATE.remedy}; for text completions only, add --ready-check completions",
                (line,),
            )
        if self.path == _TOKENIZE:
            return Diagnosis("its chat template fails, so it refuses every chat", f"{_TEMPLATE}; {_SKIP}", (line,))
        known = diagnose([self.message], 1)
        if known.remedy:
            return Diagnosis(known.cause, known.remedy, (line,))
        return Diagnosis(f"it refuses a request of one token with HTTP {self.status}", _SKIP, (line,))


def find_refusal(launch: LaunchSpec, check: ReadyCheck, *, timeout_s: float) -> RefusedRequest | None:
    """Send the request of a check, and return the refused one, or None if vLLM answers.

    ``timeout_s`` is the time until a blocked socket operation fails. Raise OSError or ``http.client.HTTPException`` if
    no response arrives.
    """
    if check is ReadyCheck.COMPLETIONS:
        return _send(launch, _COMPLETIONS, {**_ONE_TOKEN, "prompt": _PROMPT}, timeout_s)[1]
    return _find_refused_chat(launch, timeout_s) if check is ReadyCheck.CHAT else None


def _find_refused_chat(launch: LaunchSpec, timeout_s: float) -> RefusedRequest | None:
    """Return the refused request, or None if there is no chat endpoint, as for embedding models.

    If a chat is refused, or only this one is, ``/tokenize`` shows whether vLLM can render any.
    """
    status, refused = _send(launch, _CHAT, {**_ONE_TOKEN, "messages": _MESSAGES}, timeout_s)
    is_answered = refused is None and status < HTTPStatus.BAD_REQUEST
    if is_answered or status in _ABSENT:
        return None
    if refused is not None and refused.is_server_error:
        return refused
    unrendered = _send(launch, _TOKENIZE, {"messages": _MESSAGES, "add_generation_prompt": True}, timeout_s)[1]
    return refused if unrendered is None or unrendered.status in _ABSENT else unrendered


def _send(
    launch: LaunchSpec, path: str, body: Mapping[str, Json], timeout_s: float
) -> tuple[int, RefusedRequest | None]:
    """Return the status of a response, and the refusal that it expresses, if it does.

    In a stream, vLLM reports an error in an event.
    """
    data = json.dumps({"model": launch.served_name, **body}).encode()
    status, line = post_first_line(f"{launch.root}{path}", data, launch.api_key, timeout_s=timeout_s)
    value = load_json(line.removeprefix(b"data:"))
    error = value.get("error") if isinstance(value, dict) else None
    details = error if isinstance(error, dict) else {}
    if status < HTTPStatus.BAD_REQUEST and not details:
        return status, None
    if status in _INCONCLUSIVE or details.get("code") == Refusal.code:
        return status, None
    code = details.get("code")
    actual = code if status < HTTPStatus.BAD_REQUEST and isinstance(code, int) else status
    return status, RefusedRequest(path, actual, str(details.get("message") or line.decode(errors="replace")))

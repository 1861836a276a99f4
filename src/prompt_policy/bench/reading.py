"""From the bytes of an answer and the times at which they came to a line of the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from prompt_policy.bench.loadgen import Raw
from prompt_policy.bench.record import Measured
from prompt_policy.decision import HEADER
from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire.json_bytes import decoded
from prompt_policy.wire.sse import Events
from prompt_policy.wire.values import Json, JsonObject

OPENS: Final = "<think>"
CLOSES: Final = "</think>"
_DONE: Final = b"[DONE]"


@dataclass
class Told:
    """What a streamed answer says."""

    texts: list[tuple[int, str, str]] = field(default_factory=list)
    """Of each piece of text: with which piece of bytes it came, its reasoning and its content."""
    tokens: list[int | None] = field(default_factory=list)
    """The tokens so far, as its chunk tells them."""
    usage: JsonObject = field(default_factory=dict)
    finish: str | None = None
    error: str = ""
    is_done: bool = False

    @property
    def reasoning(self) -> str:
        """All thoughts that came in a field of their own."""
        return "".join(reasoning for _, reasoning, _ in self.texts)

    @property
    def content(self) -> str:
        """The whole content."""
        return "".join(content for _, _, content in self.texts)


def measured(raw: Raw, exchange: Exchange | None, known: JsonObject, begun_s: float) -> Measured:
    """Return the line of the record for an answer.

    Arguments:
        raw: the answer.
        exchange: the policy's exchange where answers are to be rewritten here, else None.
        known: what is known of the request: its arm, question, sample, block, seed and time.
        begun_s: when its block began, as ``raw`` tells time.
    """
    came = told(raw.pieces)
    read = told(_rewritten(raw.pieces, exchange)) if exchange is not None and raw.status == 200 else came
    trouble, message = _trouble(raw, came)
    times = [(time - raw.sent_s) * 1000 for time in raw.times]
    arrivals, tokens_told = _arrivals(came, times)
    return Measured.model_validate({
        **known,
        "sent_s": round(raw.sent_s - begun_s, 6),
        "ended_s": round(raw.ended_s - begun_s, 6),
        "status": raw.status,
        "trouble": trouble,
        "message": message,
        "finish": came.finish,
        "policy": _policy(raw, exchange),
        "prompt_tokens": came.usage.get("prompt_tokens"),
        "completion_tokens": came.usage.get("completion_tokens"),
        "reasoning_tokens": (came.usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
        "cached_tokens": (came.usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
        "tokens_told": tokens_told,
        "arrivals": arrivals,
        "visible_ms": _visible(read, times),
        "reasoning": read.reasoning,
        "content": read.content,
    })  # fmt: skip


def told(pieces: Sequence[bytes]) -> Told:
    """Read a stream."""
    found, events = Told(), Events()
    for index, piece in enumerate(pieces):
        for event in events.feed(piece):
            data = event.data
            if data is not None and data.strip() == _DONE:
                found.is_done = True
            elif data is not None:
                _read(found, index, decoded(data))
    return found


def _read(found: Told, index: int, value: Json) -> None:
    if not isinstance(value, dict):
        return
    if error := value.get("error"):
        found.error = str(error.get("message") if isinstance(error, dict) else error) or "an error"
    usage = value.get("usage")
    if isinstance(usage, dict):
        found.usage = usage
    for choice in value.get("choices") or ():
        found.finish = choice.get("finish_reason") or found.finish
        delta = choice.get("delta") or {}
        reasoning = delta.get("reasoning") or delta.get("reasoning_content") or ""
        content = delta.get("content") or ""
        if reasoning or content:
            found.texts.append((index, reasoning, content))
            found.tokens.append(usage.get("completion_tokens") if isinstance(usage, dict) else None)


def _rewritten(pieces: Sequence[bytes], exchange: Exchange) -> list[bytes]:
    stream = exchange.stream()
    out = [stream.feed(piece) for piece in pieces]
    return [*out[:-1], out[-1] + stream.end()] if out else []


def _trouble(raw: Raw, came: Told) -> tuple[str | None, str]:
    if raw.trouble == "http":
        error = decoded(b"".join(raw.pieces))
        error = error.get("error", error) if isinstance(error, dict) else None
        words = error.get("message") if isinstance(error, dict) else None
        return "http", f"{raw.message}: {words}" if words else raw.message
    if raw.trouble is not None:
        return raw.trouble, raw.message
    if came.error:
        return "stream", came.error
    if not came.is_done and came.finish is None:
        return "stream", "the answer broke off" if came.texts else "no stream of chat chunks"
    return None, ""


def _policy(raw: Raw, exchange: Exchange | None) -> str | None:
    if exchange is not None:
        return exchange.answer_headers.get(HEADER)
    return next((value for name, value in raw.headers.items() if name.lower() == HEADER), None)


def _arrivals(came: Told, times: Sequence[float]) -> tuple[list[tuple[float, float]], bool]:
    """Return when text came and how many tokens it was; what came in one piece of bytes is one arrival."""
    tokens_told = bool(came.tokens) and all(count is not None for count in came.tokens) and len(set(came.tokens)) > 1
    per_chunk = (came.usage.get("completion_tokens") or len(came.texts)) / max(1, len(came.texts))
    merged: dict[int, float] = {}
    before = 0
    for (index, _, _), count in zip(came.texts, came.tokens, strict=True):
        new = max(0, (count or 0) - before) if tokens_told else per_chunk
        before = max(before, count or 0)
        merged[index] = merged.get(index, 0) + new
    return [(round(times[index], 3), round(count, 3)) for index, count in merged.items()], tokens_told


def _visible(read: Told, times: Sequence[float]) -> float | None:
    """Return when the first character of the answer came that is neither a thought nor whitespace."""
    start = answer_start(read.content)
    if start is None:
        return None
    begun = start + len(read.content[start:]) - len(read.content[start:].lstrip())
    for index, end in _ends(read):
        if end > begun:
            return round(times[index], 3)
    return None


def _ends(read: Told) -> Iterator[tuple[int, int]]:
    end = 0
    for index, _reasoning, content in read.texts:
        end += len(content)
        yield index, end


def answer_start(content: str) -> int | None:
    """Return where the answer begins behind a thought that stands in the content; None: it never does."""
    _thought, closed, answer = content.partition(CLOSES)
    if closed:
        return len(content) - len(answer)
    return None if content.lstrip().startswith(OPENS) else 0

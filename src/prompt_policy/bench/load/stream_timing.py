"""Turn the bytes of a streamed response and their arrival times into a line of the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from prompt_policy.bench.load.client import RawResponse
from prompt_policy.bench.record import MeasuredRequest
from prompt_policy.runtime.decision import POLICY_HEADER
from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire.answers.think_tags import CLOSING_TAG, OPENING_TAG
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.sse import SSEDecoder
from prompt_policy.wire.values import Json, JsonObject

_DONE: Final = b"[DONE]"
_OK: Final = 200


@dataclass
class Transcript:
    """The parsed content of a streamed response."""

    texts: list[tuple[int, str, str]] = field(default_factory=list)
    """For each delta with text: the index of the piece of bytes it arrived in, its reasoning and its content."""
    tokens: list[int | None] = field(default_factory=list)
    """For each delta with text: the tokens so far, if its chunk reports them."""
    usage: JsonObject = field(default_factory=dict)
    finish: str | None = None
    error: str = ""
    is_done: bool = False

    @property
    def reasoning(self) -> str:
        """The reasoning that arrived in a separate field."""
        return "".join(reasoning for _, reasoning, _ in self.texts)

    @property
    def content(self) -> str:
        """The complete content."""
        return "".join(content for _, _, content in self.texts)


def measure(raw: RawResponse, exchange: Exchange | None, fields: JsonObject, block_started_s: float) -> MeasuredRequest:
    """Return the line of the record for a response.

    Arguments:
        raw: the response.
        exchange: the policy's exchange that rewrites the response, or None to leave it unchanged.
        fields: the arm, question, sample, block, seed and scheduled time of the request.
        block_started_s: when its block started, on the same clock as the times of ``raw``.
    """
    received = parse_transcript(raw.pieces)
    is_rewritten = exchange is not None and raw.status == _OK
    read = parse_transcript(_rewrite(raw.pieces, exchange)) if exchange is not None and is_rewritten else received
    failure, message = _classify_failure(raw, received)
    times_ms = [(time - raw.sent_s) * 1000 for time in raw.times]
    arrivals, tokens_reported = _count_arrivals(received, times_ms)
    return MeasuredRequest.model_validate({
        **fields,
        "sent_s": round(raw.sent_s - block_started_s, 6),
        "ended_s": round(raw.ended_s - block_started_s, 6),
        "status": raw.status,
        "failure": failure,
        "message": message,
        "finish": received.finish,
        "policy": _find_policy(raw, exchange),
        "prompt_tokens": received.usage.get("prompt_tokens"),
        "completion_tokens": received.usage.get("completion_tokens"),
        "reasoning_tokens": (received.usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
        "cached_tokens": (received.usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
        "tokens_reported": tokens_reported,
        "arrivals": arrivals,
        "visible_ms": _find_visible_ms(read, times_ms),
        "reasoning": read.reasoning,
        "content": read.content,
    })  # fmt: skip


def parse_transcript(pieces: Sequence[bytes]) -> Transcript:
    """Parse the pieces of a stream."""
    transcript, decoder = Transcript(), SSEDecoder()
    for index, piece in enumerate(pieces):
        for event in decoder.feed(piece):
            data = event.data
            if data is not None and data.strip() == _DONE:
                transcript.is_done = True
            elif data is not None:
                _add_chunk(transcript, index, load_json(data))
    return transcript


def _add_chunk(transcript: Transcript, index: int, chunk: Json) -> None:
    if not isinstance(chunk, dict):
        return
    if error := chunk.get("error"):
        transcript.error = str(error.get("message") if isinstance(error, dict) else error) or "an error"
    usage = chunk.get("usage")
    if isinstance(usage, dict):
        transcript.usage = usage
    for choice in chunk.get("choices") or ():
        transcript.finish = choice.get("finish_reason") or transcript.finish
        delta = choice.get("delta") or {}
        reasoning = delta.get("reasoning") or delta.get("reasoning_content") or ""
        content = delta.get("content") or ""
        if reasoning or content:
            transcript.texts.append((index, reasoning, content))
            transcript.tokens.append(usage.get("completion_tokens") if isinstance(usage, dict) else None)


def _rewrite(pieces: Sequence[bytes], exchange: Exchange) -> list[bytes]:
    """Return the pieces as the policy rewrites them; the tail is appended to the last one."""
    stream = exchange.create_stream_rewriter()
    out = [stream.feed(piece) for piece in pieces]
    return [*out[:-1], out[-1] + stream.flush()] if out else []


def _classify_failure(raw: RawResponse, received: Transcript) -> tuple[str | None, str]:
    if raw.failure == "http":
        error = load_json(b"".join(raw.pieces))
        error = error.get("error", error) if isinstance(error, dict) else None
        detail = error.get("message") if isinstance(error, dict) else None
        return "http", f"{raw.message}: {detail}" if detail else raw.message
    if raw.failure is not None:
        return raw.failure, raw.message
    if received.error:
        return "stream", received.error
    if not received.is_done and received.finish is None:
        return "stream", "the answer broke off" if received.texts else "the response is not a stream of chat chunks"
    return None, ""


def _find_policy(raw: RawResponse, exchange: Exchange | None) -> str | None:
    """Return the policy that was applied, by this process or, according to its header, by the server."""
    if exchange is not None:
        return exchange.response_headers.get(POLICY_HEADER)
    return next((value for name, value in raw.headers.items() if name.lower() == POLICY_HEADER), None)


def _count_arrivals(received: Transcript, times_ms: Sequence[float]) -> tuple[list[tuple[float, float]], bool]:
    """Return the time and tokens of each piece with text, and whether the chunks report their tokens."""
    counts = received.tokens
    tokens_reported = bool(counts) and all(count is not None for count in counts) and len(set(counts)) > 1
    per_chunk = (received.usage.get("completion_tokens") or len(received.texts)) / max(1, len(received.texts))
    merged: dict[int, float] = {}
    before = 0
    for (index, _, _), count in zip(received.texts, counts, strict=True):
        new = max(0, (count or 0) - before) if tokens_reported else per_chunk
        before = max(before, count or 0)
        merged[index] = merged.get(index, 0) + new
    return [(round(times_ms[index], 3), round(count, 3)) for index, count in merged.items()], tokens_reported


def _find_visible_ms(read: Transcript, times_ms: Sequence[float]) -> float | None:
    """Return when the first character arrived that is neither reasoning nor whitespace."""
    start = find_answer_start(read.content)
    if start is None:
        return None
    visible = start + len(read.content[start:]) - len(read.content[start:].lstrip())
    for index, end in _content_ends(read):
        if end > visible:
            return round(times_ms[index], 3)
    return None


def _content_ends(read: Transcript) -> Iterator[tuple[int, int]]:
    """Yield the piece of each delta, with the length of the content up to its end."""
    end = 0
    for index, _reasoning, content in read.texts:
        end += len(content)
        yield index, end


def find_answer_start(content: str) -> int | None:
    """Return where the answer begins after inline reasoning; None if the reasoning is not closed."""
    _reasoning, closing_tag, answer = content.partition(CLOSING_TAG)
    if closing_tag:
        return len(content) - len(answer)
    return None if content.lstrip().startswith(OPENING_TAG) else 0

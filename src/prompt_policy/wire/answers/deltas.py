"""Plans how a streamed chat delta changes; shared by chunks in JSON and the objects of a host."""

from __future__ import annotations

from typing import Final, NamedTuple

from prompt_policy.wire.answers.chat import (
    CHANNEL_KEYS,
    PROVIDER_FIELDS,
    AnswerFilter,
    Channel,
    SupportsGet,
    change_text,
    find_nested_keys,
    get_text,
    repeats_reasoning,
)
from prompt_policy.wire.answers.content_parts import create_part, rewrite_parts
from prompt_policy.wire.answers.offsets import OffsetRecorder, shift_annotations
from prompt_policy.wire.answers.sequence import ChannelSequence
from prompt_policy.wire.values import MISSING, Json, JsonObject

# What identifies a stream or is repeated in each of its chunks; "obfuscation" is padding.
_IDENTITY: Final = frozenset(
    {"id", "object", "created", "model", "system_fingerprint", "service_tier", "provider", "obfuscation", "choices"}
)
_IDENTITY_OF_CHOICE: Final = frozenset({"index", "delta"})
_KEYS_OF_DELTA: Final = (*CHANNEL_KEYS["content"], *CHANNEL_KEYS["reasoning"], "tool_calls", "function_call", "refusal")
_TOKEN_KEYS: Final = ("logprobs", "token_ids")
_NOTHING: Final[tuple[Json, ...]] = (None, "", [], {})


class DeltaPlan(NamedTuple):
    """The change of one delta: the deltas that precede it, and the keys that change, with their new values.

    The new value of a key that is removed is ``MISSING``.
    """

    before: list[JsonObject]
    changed: JsonObject


class DeltaRewriter:
    """Plans the changes of one streamed answer's deltas.

    Reasoning that is buffered precedes the first content or tool call, content that is buffered precedes a tool call,
    and both precede the end of the choice.
    """

    def __init__(self, filters: AnswerFilter) -> None:
        self._filters = filters
        self._sequence = ChannelSequence(filters)
        # How the server last sent each channel: the keys of the delta, or none if it sent a list of parts.
        self._keys: dict[Channel, tuple[str, ...]] = {c: keys[:1] for c, keys in CHANNEL_KEYS.items()}
        self._nested_keys: tuple[str, ...] = ()  # those with a copy of the reasoning
        self._finished: set[int] = set()
        self._offsets: dict[int, OffsetRecorder] = {}

    def plan(self, choice: int, delta: SupportsGet, finishes: bool) -> DeltaPlan:
        """Return the change of a delta.

        Arguments:
            choice: the index of the delta's choice.
            finishes: whether the delta is the choice's last.
        """
        ends_text = finishes or bool(delta.get("tool_calls") or delta.get("function_call"))
        self._note_finish(choice, finishes)
        before: list[JsonObject] = []
        if repeats_reasoning(delta) and (rest := self._sequence.preserve_reasoning(choice)):
            before.append(self.build_delta("reasoning", rest))
        texts = self._feed_texts(choice, delta, before)
        parts = delta.get("content")
        changed: JsonObject = {}
        if isinstance(parts, list):
            self._note_parts(parts)
            rewritten = rewrite_parts(parts, self._sequence, choice, ends_text)
            if rewritten is not parts:
                changed["content"] = rewritten
        if ends_text:
            for channel, rest in self._sequence.flush_all(choice):
                if texts.get(channel):
                    texts[channel] += rest
                else:
                    before.append(self._build_rest(choice, channel, rest))
        changed |= self._change_texts(choice, delta, texts)
        if (notes := delta.get("annotations")) and choice in self._offsets:
            shifted = shift_annotations(notes, self._offsets[choice].compute_map(), is_complete=finishes)
            changed |= {} if shifted is notes else {"annotations": shifted}
        return DeltaPlan(before, changed)

    def _change_texts(self, choice: int, delta: SupportsGet, texts: dict[Channel, str]) -> JsonObject:
        changed: JsonObject = {}
        for channel, text in texts.items():
            original = get_text(delta, CHANNEL_KEYS[channel]) or ""
            if text != original:
                changed |= change_text(delta, channel, original, text)
            if channel == "content":
                self.get_offsets(choice).record(original, text)
        return changed

    def get_offsets(self, choice: int) -> OffsetRecorder:
        """Return the recorder of a choice's content; hosts also record the content that they rewrite without a plan."""
        if (offsets := self._offsets.get(choice)) is None:
            offsets = self._offsets[choice] = OffsetRecorder()
        return offsets

    def _feed_texts(self, choice: int, delta: SupportsGet, before: list[JsonObject]) -> dict[Channel, str]:
        """Return the new text of each channel that has text in a delta; add the deltas that precede it."""
        texts: dict[Channel, str] = {}
        for channel, keys in CHANNEL_KEYS.items():
            text = get_text(delta, keys)
            if text is None:
                continue
            if text:
                self._keys[channel] = tuple([key for key in keys if delta.get(key) == text])
                if channel == "reasoning":
                    self._nested_keys = find_nested_keys(delta, text)
            rest, texts[channel] = self._sequence.feed(choice, channel, text)
            if rest and channel == "content" and texts.get("reasoning"):
                texts["reasoning"] += rest
            elif rest:
                before.append(self._build_rest(choice, "content" if channel == "reasoning" else "reasoning", rest))
        return texts

    def flush(self, choice: int) -> list[JsonObject]:
        """Return a delta for each channel with buffered text; call it at the end of the answer."""
        return [self._build_rest(choice, channel, text) for channel, text in self._sequence.flush_all(choice)]

    def is_open(self, choice: int, channel: Channel) -> bool:
        """Return whether a delta with text of this channel, and no other text, depends on the filters alone."""
        return self._sequence.is_open(choice, channel)

    def _note_finish(self, choice: int, finishes: bool) -> None:
        if finishes:
            self._finished.add(choice)

    def hides_tokens(self, choice: int) -> bool:
        """Return whether the tokens of a choice contain reasoning that is hidden."""
        return False

    def follows_finish(self, choice: SupportsGet, delta: SupportsGet | None) -> bool:
        """Return whether a choice is the empty repetition of a finished one, as in LiteLLM's chunk with the usage."""
        if choice_index(choice) not in self._finished or choice.get("finish_reason") is not None:
            return False
        return delta is None or all(delta.get(key) in _NOTHING for key in _KEYS_OF_DELTA)

    def _build_rest(self, choice: int, channel: Channel, rest: str) -> JsonObject:
        if channel == "content":
            self.get_offsets(choice).record("", rest)
        return self.build_delta(channel, rest)

    def build_delta(self, channel: Channel, text: str) -> JsonObject:
        """Return a delta with text of a channel, in the form in which the server sends that channel."""
        keys = self._keys[channel]
        if not keys:
            return {"content": [create_part(channel, text)]}
        if channel == "reasoning" and self._nested_keys:
            return {**dict.fromkeys(keys, text), PROVIDER_FIELDS: dict.fromkeys(self._nested_keys, text)}
        return dict.fromkeys(keys, text)

    def _note_parts(self, parts: list[Json]) -> None:
        kinds = {part.get("type") for part in parts if isinstance(part, dict)}
        if "text" in kinds:
            self._keys["content"] = ()
        if "thinking" in kinds:
            self._keys["reasoning"] = ()

    @property
    def choices(self) -> tuple[int, ...]:
        """The indexes of the choices seen so far."""
        return self._filters.choices


def choice_index(choice: SupportsGet) -> int:
    """Return the index of a chunk's choice; 0 if missing or not an integer."""
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def replace_keys(message: JsonObject, changed: JsonObject) -> JsonObject:
    """Return a message or delta with some keys changed; a key whose new value is ``MISSING`` is removed."""
    replaced = {**message, **changed}
    if MISSING not in changed.values():
        return replaced
    return {key: value for key, value in replaced.items() if value is not MISSING}


def find_tokens(choice: JsonObject) -> list[str]:
    """Return the keys of a choice under which it contains the tokens of its text."""
    return [key for key in _TOKEN_KEYS if choice.get(key) is not None]


def is_droppable(choice: JsonObject, delta: JsonObject, changed: JsonObject) -> bool:
    """Return whether a choice holds nothing else once its changed texts are empty.

    Arguments:
        choice, delta: the fields of the choice and of its delta.
        changed: the changed keys of the delta.
    """
    if any(changed.values()) or any(delta[key] not in _NOTHING for key in delta if key not in changed):
        return False
    return all(value in _NOTHING for key, value in choice.items() if key not in _IDENTITY_OF_CHOICE)


def holds_only_choices(chunk: JsonObject) -> bool:
    """Return whether a chunk holds nothing beside its choices and what identifies the stream."""
    return all(value in _NOTHING for key, value in chunk.items() if key not in _IDENTITY)


def select_identity(chunk: JsonObject) -> JsonObject:
    """Return the fields of a chunk that an added chunk repeats."""
    return {key: value for key, value in chunk.items() if key in _IDENTITY and key != "choices"}

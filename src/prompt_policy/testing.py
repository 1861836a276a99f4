"""Run the cases of policies through the real pipeline: twice, whole and streamed, with the stream cut in many ways."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from prompt_policy.conditions.context import RequestContext
from prompt_policy.policy.model import Case, Expect, Policy
from prompt_policy.runtime import AppliedPolicy, Pipeline
from prompt_policy.wire import MISSING, Json, JsonObject, create_request
from prompt_policy.wire.answers.chat import CHANNEL_KEYS, CHANNELS, Channel, Piece, ReasoningForm, get_text
from prompt_policy.wire.answers.chat_message import rewrite_completion
from prompt_policy.wire.answers.chat_stream import ChatChunkRewriter
from prompt_policy.wire.requests.parameters import parse_path
from prompt_policy.yaml_model import format_value

RANDOM_CUTS: Final = 200
TextPiece = tuple[Channel, str]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one case. It passed if there are no ``failures``; ``fired`` are the rules that had an effect."""

    policy: str
    case: Case
    failures: tuple[str, ...]
    fired: frozenset[str]


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The results of the cases of one policy."""

    policy: Policy
    cases: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return not any(case.failures for case in self.cases)

    @property
    def never_fired(self) -> tuple[str, ...]:
        """The names of the rules that fire in no case."""
        fired = frozenset[str]().union(*(case.fired for case in self.cases))
        return tuple(rule.name for rule in self.policy.rules if rule.name not in fired)

    @property
    def always_fired(self) -> tuple[str, ...]:
        """The names of the rules that fire in every case, so no case shows that they can stay silent."""
        return tuple(rule.name for rule in self.policy.rules if all(rule.name in case.fired for case in self.cases))


def run_policy(policy: Policy) -> PolicyResult:
    """Run every case of a policy and return the results."""
    active = {case.profiles for case in policy.tests}
    pipelines = {profiles: Pipeline(policy.activate_profiles(profiles)) for profiles in active}
    return PolicyResult(policy, tuple(run_case(pipelines[case.profiles], case) for case in policy.tests))


def run_case(pipeline: Pipeline, case: Case) -> CaseResult:
    """Run one case and return its result."""
    context = case.build_context()
    applied = pipeline.apply(case.request, case.endpoint, context)
    fired = {outcome.rule for outcome in applied.decision.outcomes if outcome.result in ("fired", "refused")}
    failures = list(_check_request(case, applied))
    if applied.refusal is None:
        failures += _check_idempotence(pipeline, case, applied, context)
        if case.response is not None:
            pieces = list(_list_pieces(case))
            failures += _check_answer(pieces, case.expect, applied)
            fired |= set(_find_fired_filters(pieces, applied))
    return CaseResult(pipeline.name, case, tuple(failures), frozenset(fired))


def _check_request(case: Case, applied: AppliedPolicy) -> Iterator[str]:
    """Yield the differences between the expected and the actual request."""
    expect, refusal = case.expect, applied.refusal
    if expect.refused is not None and refusal is None:
        yield "expected a refusal, the request passed"
    if refusal is not None:
        yield from _check_refusal(expect, refusal.message, refusal.param)
        return
    if expect.unchanged is not None and expect.unchanged is not (applied.body is case.request):
        changed = "unchanged" if applied.body is case.request else f"changed by {', '.join(applied.decision.fired)}"
        yield f"expected unchanged: {format_value(expect.unchanged)}, the request is {changed}"
    if expect.fired is not None and expect.fired != applied.decision.fired:
        yield f"expected fired {list(expect.fired)}, got {list(applied.decision.fired)}"
    if expect.request is not None:
        yield from _check_subset(expect.request, applied.body)
    view = create_request(applied.body, case.endpoint)
    for name in expect.absent:
        if (value := view.find(parse_path(name))) is not MISSING:
            yield f"request.{name}: expected nothing, got {format_value(value)}"


def _check_refusal(expect: Expect, message: str, param: str | None) -> Iterator[str]:
    if expect.refused is None:
        yield f"the request is refused: {message}"
        return
    if expect.refused.param is not None and expect.refused.param != param:
        yield f"expected param {expect.refused.param}, the refusal names {param}"
    if expect.refused.contains is not None and expect.refused.contains not in message:
        yield f"expected a refusal with {expect.refused.contains!r}, got {message!r}"


def _check_subset(expected: JsonObject, actual: JsonObject) -> Iterator[str]:
    """Compare the keys that are expected. A boolean never equals a number."""
    for path, wanted, got in pair_leaves(expected, actual, "request", ignore_extra_keys=True):
        if got is MISSING or isinstance(wanted, bool) is not isinstance(got, bool) or wanted != got:
            yield f"{path}: expected {format_value(wanted)}, got {format_value(got)}"


def pair_leaves(
    first: Json, second: Json, path: str, *, ignore_extra_keys: bool = False
) -> Iterator[tuple[str, Json, Json]]:
    """Yield the path and both values of each leaf of two JSON values; a value that is absent is ``MISSING``.

    Arguments:
        first: the first value.
        second: the second value.
        path: the path of both values.
        ignore_extra_keys: whether to ignore the keys that only mappings of ``second`` have.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        for key in first if ignore_extra_keys else {**first, **second}:
            nested_path = f"{path}.{key}" if path else str(key)
            yield from pair_leaves(
                first.get(key, MISSING), second.get(key, MISSING), nested_path, ignore_extra_keys=ignore_extra_keys
            )
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (first_item, second_item) in enumerate(zip(first, second, strict=True)):
            yield from pair_leaves(first_item, second_item, f"{path}[{index}]", ignore_extra_keys=ignore_extra_keys)
    else:
        yield path, first, second


def _check_idempotence(
    pipeline: Pipeline, case: Case, applied: AppliedPolicy, context: RequestContext
) -> Iterator[str]:
    again = pipeline.apply(applied.body, case.endpoint, context)
    if again.refusal is not None:
        yield f"applied twice, the second time refuses: {again.refusal.message}"
    elif again.body is not applied.body:
        yield f"applied twice, the second time changes the request again: {', '.join(again.decision.fired)}"


def _list_pieces(case: Case) -> Iterator[TextPiece]:
    """Yield the texts of the response, in the order in which they are streamed."""
    for delta in case.response or ():
        for channel in CHANNELS:
            if (text := getattr(delta, channel)) is not None:
                yield channel, text


def _check_answer(pieces: list[TextPiece], expect: Expect, applied: AppliedPolicy) -> Iterator[str]:
    """Yield the differences between the expected and the actual answer, under every cut, and whole if no guard acts."""
    as_written = _rewrite_streamed(pieces, applied)
    for channel in CHANNELS:
        wanted = getattr(expect, channel)
        if wanted is not None and as_written[channel] != wanted:
            yield f"{channel}: expected {wanted!r}, got {as_written[channel]!r}"
    if not applied.guards and (whole := _rewrite_whole(pieces, applied)) != as_written:
        yield f"the whole answer is {whole}, the streamed one is {as_written}"
    for cut in _cut_pieces(pieces):
        if (read := _rewrite_streamed(cut, applied)) != as_written:
            yield f"cut as {[text for _, text in cut]}, the answer is {read}"
            return


def _cut_pieces(pieces: list[TextPiece]) -> Iterator[list[TextPiece]]:
    """Yield the answer with one piece per text, one per character, every two-way cut, and random cuts."""
    runs = [(c, "".join(text for _, text in run)) for c, run in groupby(pieces, key=lambda piece: piece[0])]
    yield runs
    yield [(channel, character) for channel, text in runs for character in text]
    for index, (channel, text) in enumerate(runs):
        for position in range(1, len(text)):
            yield [*runs[:index], (channel, text[:position]), (channel, text[position:]), *runs[index + 1 :]]
    for seed in range(RANDOM_CUTS):
        rng = random.Random(seed)
        yield [(channel, part) for channel, text in runs for part in _cut_randomly(text, rng)]


def _cut_randomly(text: str, rng: random.Random) -> list[str]:
    positions = sorted(rng.sample(range(1, len(text)), rng.randint(0, len(text) - 1))) if len(text) > 1 else []
    return [text[start:end] for start, end in pairwise([0, *positions, len(text)])]


def _rewrite_streamed(pieces: Iterable[TextPiece], applied: AppliedPolicy) -> dict[Channel, str]:
    """Rewrite the pieces as chunks of a chat stream, and join the resulting text of each channel."""
    texts = applied.create_filters()
    chunks: list[JsonObject] = [
        {"choices": [{"index": 0, "delta": {channel: text}, "finish_reason": None}]} for channel, text in pieces
    ]
    if (ending := applied.create_ending("chat", lambda *_: None)) is not None:
        chunks = [new for chunk in chunks for new in ending.feed(chunk)]
    if texts is not None:
        rewriter = ChatChunkRewriter(texts)
        chunks = [new for chunk in chunks for new in rewriter.feed(chunk)] + rewriter.flush()
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    return {c: "".join([get_text(delta, CHANNEL_KEYS[c]) or "" for delta in deltas]) for c in CHANNELS}


def _rewrite_whole(pieces: Sequence[TextPiece], applied: AppliedPolicy) -> dict[Channel, str]:
    """Rewrite the pieces as one chat completion, and return the text of each channel."""
    message: JsonObject = {piece.channel: piece.text for piece in _join(pieces)}
    answer: JsonObject = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    texts = applied.create_filters()
    rewritten = answer if texts is None else rewrite_completion(answer, texts)
    message = rewritten["choices"][0]["message"]
    return {channel: get_text(message, CHANNEL_KEYS[channel]) or "" for channel in CHANNELS}


def _find_fired_filters(pieces: list[TextPiece], applied: AppliedPolicy) -> Iterator[str]:
    """Yield the names of the rules whose guard ends this answer, or whose filter changes it or its fields."""
    yield from applied.list_ending_rules(pieces)
    guards, before = [guard.rule for guard in applied.guards], _join(pieces)
    rules = [o.rule for o in applied.decision.outcomes if o.filters_answer and o.rule not in guards]
    for rule, factory in zip(rules, applied.filters, strict=True):
        filter_ = factory()
        after = [new for channel, text in before for new in filter_.feed_pieces(channel, text)]
        after = _join(after + filter_.flush_pieces())
        keys, is_hidden, _ = filter_.reasoning_form or ReasoningForm()
        moves_fields = is_hidden or keys is not None
        if after != before or (moves_fields and any(piece.channel == "reasoning" for piece in after)):
            yield rule
        before = after


def _join(pieces: Sequence[TextPiece]) -> list[Piece]:
    """Return one piece for each channel with text."""
    joined = [Piece(channel, "".join([text for c, text in pieces if c == channel])) for channel in CHANNELS]
    return [piece for piece in joined if piece.text]

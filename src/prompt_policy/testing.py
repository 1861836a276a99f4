"""Run the cases of policies through the real pipeline: twice, whole and streamed, and under many cuts."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from prompt_policy.conditions.situation import SKIP_HEADER, TASK_HEADER, Facts
from prompt_policy.policy.document import Case, Expect, Policy
from prompt_policy.runtime import Applied, Pipeline
from prompt_policy.wire import MISSING, Json, JsonObject, request_view
from prompt_policy.wire.answer import CHANNELS, Channel, rewrite_chunk, rewrite_whole, tail_chunks
from prompt_policy.wire.parameters import path_of
from prompt_policy.yaml_model import shown

RANDOM_CUTS: Final = 200
Piece = tuple[Channel, str]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case; no mistakes: it passed. ``acted`` are the rules that did something."""

    policy: str
    case: Case
    mistakes: tuple[str, ...]
    acted: frozenset[str]


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What came of the cases of one policy."""

    policy: Policy
    cases: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return not any(case.mistakes for case in self.cases)

    @property
    def never_acting(self) -> tuple[str, ...]:
        """The rules that no case fires."""
        acted = frozenset[str]().union(*(case.acted for case in self.cases))
        return tuple(rule.name for rule in self.policy.rules if rule.name not in acted)

    @property
    def never_silent(self) -> tuple[str, ...]:
        """The rules that every case fires, so that no case shows them staying silent."""
        return tuple(rule.name for rule in self.policy.rules if all(rule.name in case.acted for case in self.cases))


def run_policy(policy: Policy) -> PolicyResult:
    """Run every case of a policy."""
    pipeline = Pipeline(policy)
    return PolicyResult(policy, tuple(run_case(pipeline, case) for case in policy.tests))


def run_case(pipeline: Pipeline, case: Case) -> CaseResult:
    """Run one case."""
    facts = facts_of(case)
    applied = pipeline.apply(case.request, case.endpoint, facts)
    acted = {outcome.rule for outcome in applied.decision.outcomes if outcome.result in ("fired", "refused")}
    mistakes = list(_request_mistakes(case, applied))
    if applied.refusal is None:
        mistakes += _twice_mistakes(pipeline, case, applied, facts)
        if case.response is not None:
            pieces = list(_pieces(case))
            mistakes += _answer_mistakes(pieces, case.expect, applied)
            acted |= set(_acting_filters(pieces, applied))
    return CaseResult(pipeline.name, case, tuple(mistakes), frozenset(acted))


def facts_of(case: Case) -> Facts:
    """Return what a host would know beside a case's body."""
    headers = {SKIP_HEADER: ",".join(case.skip), TASK_HEADER: case.task or ""}
    told = Facts.told(headers, case.request.get("metadata"))
    return told._replace(
        model=case.model,
        has_reasoning_parser=case.reasoning_parser,
        tags=(*told.tags, *case.tags),
        team=case.team,
        key_alias=case.key_alias,
    )


def _request_mistakes(case: Case, applied: Applied) -> Iterator[str]:
    expect, refusal = case.expect, applied.refusal
    if expect.refused is not None and refusal is None:
        yield "expected a refusal, the request passed"
    if refusal is not None:
        yield from _refusal_mistakes(expect, refusal.message, refusal.param)
        return
    if expect.unchanged is not None and expect.unchanged is not (applied.body is case.request):
        changed = "unchanged" if applied.body is case.request else f"changed by {', '.join(applied.decision.fired)}"
        yield f"expected unchanged: {shown(expect.unchanged)}, the request is {changed}"
    if expect.fired is not None and expect.fired != applied.decision.fired:
        yield f"expected fired {list(expect.fired)}, got {list(applied.decision.fired)}"
    if expect.request is not None:
        yield from _differences(expect.request, applied.body, "request")
    view = request_view(applied.body, case.endpoint)
    for name in expect.absent:
        if (value := view.find(path_of(name))) is not MISSING:
            yield f"request.{name}: expected nothing, got {shown(value)}"


def _refusal_mistakes(expect: Expect, message: str, param: str | None) -> Iterator[str]:
    if expect.refused is None:
        yield f"the request is refused: {message}"
        return
    if expect.refused.param is not None and expect.refused.param != param:
        yield f"expected param {expect.refused.param}, the refusal names {param}"
    if expect.refused.contains is not None and expect.refused.contains not in message:
        yield f"expected a refusal with {expect.refused.contains!r}, got {message!r}"


def _differences(wanted: Json, got: Json, path: str) -> Iterator[str]:
    """Compare a subset: mappings by the keys wanted, lists whole, true never with 1."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key, value in wanted.items():
            yield from _differences(value, got.get(key, MISSING), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, (one, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif got is MISSING or isinstance(wanted, bool) is not isinstance(got, bool) or wanted != got:
        yield f"{path}: expected {shown(wanted)}, got {shown(got)}"


def _twice_mistakes(pipeline: Pipeline, case: Case, applied: Applied, facts: Facts) -> Iterator[str]:
    again = pipeline.apply(applied.body, case.endpoint, facts)
    if again.refusal is not None:
        yield f"applied twice, the second time refuses: {again.refusal.message}"
    elif again.body is not applied.body:
        yield f"applied twice, the second time changes the request again: {', '.join(again.decision.fired)}"


def _pieces(case: Case) -> Iterator[Piece]:
    for delta in case.response or ():
        for channel in CHANNELS:
            if (text := getattr(delta, channel)) is not None:
                yield channel, text


def _answer_mistakes(pieces: list[Piece], expect: Expect, applied: Applied) -> Iterator[str]:
    as_given = _streamed(pieces, applied)
    for channel in CHANNELS:
        wanted = getattr(expect, channel)
        if wanted is not None and as_given[channel] != wanted:
            yield f"{channel}: expected {wanted!r}, got {as_given[channel]!r}"
    if (whole := _whole(pieces, applied)) != as_given:
        yield f"whole, the answer reads {whole}, streamed {as_given}"
    for cut in _cuts(pieces):
        if (read := _streamed(cut, applied)) != as_given:
            yield f"cut as {[text for _, text in cut]}, the answer reads {read}"
            return


def _cuts(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Yield the answer in one piece per text, by characters, at every two-way cut, and under random cuts."""
    runs = [(c, "".join(text for _, text in run)) for c, run in groupby(pieces, key=lambda piece: piece[0])]
    yield runs
    yield [(channel, character) for channel, text in runs for character in text]
    for index, (channel, text) in enumerate(runs):
        for at in range(1, len(text)):
            yield [*runs[:index], (channel, text[:at]), (channel, text[at:]), *runs[index + 1 :]]
    for seed in range(RANDOM_CUTS):
        dice = random.Random(seed)
        yield [(channel, part) for channel, text in runs for part in _randomly_cut(text, dice)]


def _randomly_cut(text: str, dice: random.Random) -> list[str]:
    inner = sorted(dice.sample(range(1, len(text)), dice.randint(0, len(text) - 1))) if len(text) > 1 else []
    return [text[start:end] for start, end in pairwise([0, *inner, len(text)])]


def _streamed(pieces: Iterable[Piece], applied: Applied) -> dict[Channel, str]:
    """Send the pieces as chunks of a chat stream, and join what comes out as a client does."""
    read: dict[Channel, str] = dict.fromkeys(CHANNELS, "")
    texts = applied.answer()
    chunks: list[JsonObject] = [
        {"choices": [{"index": 0, "delta": {channel: text}, "finish_reason": None}]} for channel, text in pieces
    ]
    out = chunks if texts is None else [out for chunk in chunks if (out := rewrite_chunk(chunk, texts)) is not None]
    if texts is not None:
        out = [*out, *tail_chunks({}, texts, texts.choices)]
    for chunk in out:
        for channel in CHANNELS:
            read[channel] += chunk["choices"][0]["delta"].get(channel) or ""
    return read


def _whole(pieces: Sequence[Piece], applied: Applied) -> dict[Channel, str]:
    message = {channel: "".join(text for c, text in pieces if c == channel) for channel in CHANNELS}
    answer: JsonObject = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    texts = applied.answer()
    rewritten = answer if texts is None else rewrite_whole(answer, texts)
    return {channel: rewritten["choices"][0]["message"].get(channel) or "" for channel in CHANNELS}


def _acting_filters(pieces: list[Piece], applied: Applied) -> Iterator[str]:
    """Yield the rules whose filter changes this answer."""
    rules = [outcome.rule for outcome in applied.decision.outcomes if outcome.filters_answer]
    for rule, factory in zip(rules, applied.filters, strict=True):
        filter_ = factory()
        fed = [(channel, filter_.feed(channel, text)) for channel, text in pieces] + list(filter_.flush().items())
        out = [(channel, "".join(text for c, text in fed if c == channel)) for channel in CHANNELS]
        if out != [(channel, "".join(text for c, text in pieces if c == channel)) for channel in CHANNELS]:
            yield rule
        pieces = [(channel, text) for channel, text in out if text]

"""The core without a host: a request with the shipped R1 policy, its rules, sizes, tasks, and texts of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, repeat
from typing import Any, Final

import orjson

from benchmarks.bodies import POLICY, build_conversation
from benchmarks.figures import Figure
from benchmarks.texts import CHINESE, CODE, MARKDOWN, WORDS, split_tokens
from benchmarks.timing import Work, measure_in_turns
from prompt_policy import Pipeline, Policy, load

BODY: Final = build_conversation()
DATA: Final = orjson.dumps(BODY)
_TEXTS: Final = {"words": WORDS, "markdown": MARKDOWN, "Chinese": CHINESE, "code": CODE}
_PIECES: Final = {
    "that stays unchanged": " word",
    "with a space that is buffered": "word ",
    "of blank lines, mostly removed": "\n\n\n",
    "with the end of a line": "word\n",
}


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of ``Pipeline.apply`` and of the filters."""
    blocks = 11 if quick else 31
    pipeline = Pipeline(load(POLICY))
    yield from _measure_request(pipeline, blocks)
    yield from _measure_tasks(pipeline, blocks)
    yield from _measure_rules(pipeline.policy, blocks)
    yield from _measure_sizes(pipeline, blocks)
    yield from _measure_idle_rules(pipeline, blocks)
    yield from _measure_filters(pipeline, blocks)


def _measure_request(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    works = [_apply(pipeline, BODY), lambda: orjson.dumps(orjson.loads(DATA))]
    rows = measure_in_turns(works, blocks=blocks, calls=300)
    yield Figure.of_seconds("apply, 10 messages, 3 kB", [apply for apply, _ in rows], at_most=25)
    yield Figure.of("- over an orjson round trip", [apply / trip for apply, trip in rows])
    yield Figure.of_seconds("- the orjson round trip", [trip for _, trip in rows])


def _measure_tasks(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield the cost of a user turn whose task has to be classified, beside turns with a cached task."""
    places = [place for place, message in enumerate(BODY["messages"]) if message["role"] == "user"]

    def build(numbers: Iterator[int]) -> Work:
        def apply() -> None:
            messages, number = list(BODY["messages"]), next(numbers)
            for place in places:
                messages[place] = {"role": "user", "content": f"{number}. {messages[place]['content']}"}
            pipeline.apply({**BODY, "messages": messages}, "chat")

        return apply

    rows = measure_in_turns([build(repeat(0)), build(count())], blocks=blocks, calls=100)
    added = [(new - seen) / len(places) for seen, new in rows]
    yield Figure.of_seconds("classifying the task of a turn", added, at_most=100)


def _measure_rules(policy: Policy, blocks: int) -> Iterator[Figure]:
    """Yield the time of a policy without rules, and the time that each rule alone adds to it."""

    rule_sets = [(), *[(rule,) for rule in policy.rules]]
    works = [_apply(Pipeline(policy.model_copy(update={"rules": rules})), BODY) for rules in rule_sets]
    rows = measure_in_turns(works, blocks=blocks, calls=300)
    yield Figure.of_seconds("- a policy without rules", [row[0] for row in rows])
    for place, rule in enumerate(policy.rules, start=1):
        yield Figure.of_seconds(f"- and with rule {rule.name} ({rule.kind})", [row[place] - row[0] for row in rows])


def _measure_sizes(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield the growth of the time from 100 kB to 1 MB; a factor of ten is linear."""
    for name, messages in (("in 10 messages", (10, 10)), ("in 300 and 3,000 messages", (300, 3000))):
        small, large = (
            build_conversation(number, size) for number, size in zip(messages, (100_000, 1_000_000), strict=True)
        )
        works = [_apply(pipeline, body) for body in (small, large)]
        rows = measure_in_turns(works, blocks=blocks, calls=3)
        yield Figure.of(f"apply at 1 MB over 100 kB, {name}", [b / a for a, b in rows], at_most=11)
        yield Figure.of_seconds(f"- apply at 1 MB, {name}", [b for _, b in rows])


def _measure_idle_rules(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield the cost of a rule whose condition does not hold."""
    policy, number = pipeline.policy, 50
    idle = [
        {"name": f"idle-{n}", "kind": "clamp", "when": {"has_tools": True}, "parameters": {f"p{n}": {"value": 1}}}
        for n in range(number)
    ]
    more = Policy.model_validate({"version": 1, "name": "more", "rules": idle})
    many = Pipeline(policy.model_copy(update={"rules": (*policy.rules, *more.rules)}))
    rows = measure_in_turns([_apply(pipeline, BODY), _apply(many, BODY)], blocks=blocks, calls=300)
    yield Figure.of_seconds("a rule whose condition does not hold", [(b - a) / number for a, b in rows])


def _measure_filters(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield the times of single pieces of a text, and the mean time of a token of whole answers."""
    for name, piece in _PIECES.items():
        limit = 0.3 if name == "that stays unchanged" else 3
        seconds = _measure_pieces(pipeline, [piece] * 1000, blocks)
        yield Figure.of_seconds(f"a piece {name}, through the filters", seconds, at_most=limit)
    for name, text in _TEXTS.items():
        seconds = _measure_pieces(pipeline, split_tokens(text), blocks)
        yield Figure.of_seconds(f"a token of {name}, through the filters", seconds)


def _measure_pieces(pipeline: Pipeline, pieces: list[str], blocks: int) -> list[float]:
    """Return the seconds of filtering one piece, without the time of the loop."""
    texts = pipeline.apply(BODY, "chat").create_filters()
    assert texts is not None
    feed = texts.feed

    def run() -> None:
        for piece in pieces:
            feed(0, "content", piece)

    def loop() -> None:
        for _piece in pieces:
            pass

    rows = measure_in_turns([run, loop], blocks=blocks, calls=5)
    return [(fed - looped) / len(pieces) for fed, looped in rows]


def _apply(pipeline: Pipeline, body: dict[str, Any]) -> Work:
    return lambda: pipeline.apply(body, "chat")

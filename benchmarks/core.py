"""The core without a host: a request with the shipped R1 policy, its parts, sizes, tasks, and chunks of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from benchmarks.bodies import POLICY, conversation
from benchmarks.figures import Figure
from benchmarks.timing import in_turns
from prompt_policy import Facts, Pipeline, Policy, load
from prompt_policy.conditions import tasks
from prompt_policy.conditions.situation import Situation
from prompt_policy.decision import Decision
from prompt_policy.runtime import AnswerTexts
from prompt_policy.wire import request_view

BODY = conversation()
DATA = orjson.dumps(BODY)
KNOWN = Facts(task="other")


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of ``Pipeline.apply`` and of the filters."""
    blocks = 11 if quick else 31
    pipeline = Pipeline(load(POLICY))
    yield from _request(pipeline, blocks)
    yield from _parts(pipeline, blocks)
    yield from _sizes(pipeline, blocks)
    yield from _idle_rules(pipeline, blocks)
    yield from _chunks(pipeline, blocks)


def _request(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    def unknown() -> None:
        tasks._VERDICTS.clear()
        pipeline.apply(BODY, "chat")

    works: list[Callable[[], object]] = [
        lambda: orjson.dumps(orjson.loads(DATA)), lambda: pipeline.apply(BODY, "chat"), unknown,
    ]  # fmt: skip
    rows = in_turns(works, blocks=blocks, calls=300)
    turns = sum(message["role"] == "user" for message in BODY["messages"])
    yield Figure.of("apply, 10 messages, 3 kB, over an orjson round trip", [b / a for a, b, _ in rows], at_most=5)
    yield _microseconds("apply, the same", [row[1] for row in rows], at_most=75)
    yield _microseconds("the orjson round trip", [row[0] for row in rows])
    yield _microseconds("a task that is not known yet, a turn", [(c - b) / turns for _, b, c in rows], at_most=100)


def _parts(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield where the time goes: the floor under any policy, and each rule by itself."""
    came = request_view(BODY, "chat")
    turns = came.turns

    def acted(step: Any) -> Callable[[], object]:
        def act() -> None:
            decision = Decision("p", "h", "chat", "m")
            step.act(came.fork(), Situation(came, KNOWN), decision)

        return act

    nothing = Pipeline(Policy.model_validate({"version": 1, "name": "nothing", "rules": []}))
    works = {
        "- the floor: a policy without rules": lambda: nothing.apply(BODY, "chat"),
        f"- reading {len(turns)} turns": lambda: request_view(BODY, "chat").turns,
        **{f"- rule {step.rule.name} ({step.rule.kind})": acted(step) for step in pipeline._steps},
    }
    rows = in_turns(list(works.values()), blocks=blocks, calls=300)
    for place, name in enumerate(works):
        yield _microseconds(name, [row[place] for row in rows])


def _sizes(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield how the time grows from 100 kB to 1 MB; ten times is linear."""
    for name, messages in (("in 10 messages", (10, 10)), ("in 300 and 3,000 messages", (300, 3000))):
        small, large = (conversation(number, size) for number, size in zip(messages, (100_000, 1_000_000), strict=True))
        works = [_applying(pipeline, body) for body in (small, large)]
        rows = in_turns(works, blocks=blocks, calls=3)
        yield Figure.of(f"apply at 1 MB over 100 kB, {name}", [b / a for a, b in rows], at_most=11)
        yield _microseconds(f"apply at 1 MB, {name}", [b for _, b in rows])


def _idle_rules(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    """Yield what rules cost whose condition does not hold."""
    policy, number = pipeline.policy, 50
    idle = [
        {"name": f"idle-{n}", "kind": "clamp", "when": {"has_tools": True}, "parameters": {f"p{n}": {"value": 1}}}
        for n in range(number)
    ]
    more = Policy.model_validate({"version": 1, "name": "more", "rules": idle})
    many = Pipeline(policy.model_copy(update={"rules": (*policy.rules, *more.rules)}))
    rows = in_turns([_applying(pipeline, BODY), _applying(many, BODY)], blocks=blocks, calls=300)
    yield _microseconds("a rule whose condition does not hold", [(b - a) / number for a, b in rows])


def _chunks(pipeline: Pipeline, blocks: int) -> Iterator[Figure]:
    texts = pipeline.apply(BODY, "chat").answer()
    assert texts is not None
    works = [_feeding(texts, piece) for piece in (" word", "word ", "\n\n\n", "word\n")]
    rows = in_turns(works, blocks=blocks, calls=3000)
    names = ("that stays", "with a space held back", "of blank lines, mostly dropped", "with a line's end")
    for place, name in enumerate(names):
        yield _microseconds(
            f"a chunk {name}, through the filters", [r[place] for r in rows], at_most=0.3 if place == 0 else 3
        )


def _applying(pipeline: Pipeline, body: dict[str, Any]) -> Callable[[], object]:
    return lambda: pipeline.apply(body, "chat")


def _feeding(texts: AnswerTexts, piece: str) -> Callable[[], object]:
    return lambda: texts.feed(0, "content", piece)


def _microseconds(name: str, seconds: Sequence[float], at_most: float | None = None) -> Figure:
    return Figure.of(name, [1e6 * each for each in seconds], "µs", at_most=at_most)

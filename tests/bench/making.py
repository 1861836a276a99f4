"""Records as runs would have written them, without a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prompt_policy.bench.plan import Arm, Load, Plan
from prompt_policy.bench.questions import Question
from prompt_policy.bench.record import BlockEnd, End, Header, Measured, Record

URL = "http://127.0.0.1:1/v1"


def plan(arms: Sequence[str] = ("off", "on"), load: str = "closed:4", **changed: object) -> Plan:
    made = [Arm(name=name, url=URL, model="m", policed=name == "on") for name in arms]
    return Plan.model_validate({"arms": made, "load": Load.parse(load), "samples": 2, "blocks": 1, **changed})


def questions(count: int, families: Sequence[str] = ("all",)) -> tuple[Question, ...]:
    return tuple(
        Question(id=f"q{n}", question=f"q{n}: what?", answer="42", family=families[n % len(families)])
        for n in range(count)
    )


def one(arm: str = "off", question: str = "q0", sample: int = 0, **changed: object) -> Measured:
    """Return a request of one second whose four tokens came at 0.1, 0.2, 0.3 and 0.4 s, and that is right."""
    said = {
        "arm": arm, "question": question, "sample": sample, "block": 0, "seed": 1, "sent_s": 0.0, "ended_s": 1.0,
        "status": 200, "finish": "stop", "completion_tokens": 4, "tokens_told": True, "visible_ms": 300.0,
        "arrivals": [(100.0, 1), (200.0, 1), (300.0, 1), (400.0, 1)], "content": "\\boxed{42}",
    }  # fmt: skip
    return Measured.model_validate({**said, **changed})


def record(
    requests: Iterable[Measured], made: Plan | None = None, count: int = 1, *,
    blocks: Mapping[str, float] | None = None,
    why: str = "complete", families: Sequence[str] = ("all",), **header: object,
) -> Record:  # fmt: skip
    made = made or plan()
    told = {"plan": made, "questions": questions(count, families), "environment": {}, "seeds": "honoured", **header}
    found = Record(Header.model_validate(told))
    found.requests = {each.key: each for each in requests}
    seconds = blocks or {arm.name: 2.0 for arm in made.arms}
    found.blocks = [
        BlockEnd(block=0, arm=arm, seconds=each, cpu=0.1, lag_p99_ms=1, lag_max_ms=2) for arm, each in seconds.items()
    ]
    found.ends = [End(why=why)]
    return found


def never(_right: str, _given: str) -> bool | None:
    """Stand in for math-verify where no expression needs it."""
    return None

"""Build records as runs would have written them, without a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prompt_policy.bench.dataset.question import Question
from prompt_policy.bench.matching.methods import Comparisons
from prompt_policy.bench.plan import Arm, BenchPlan, Load
from prompt_policy.bench.record import BlockEnd, MeasuredRequest, Record, RecordEnd, RecordHeader

URL = "http://127.0.0.1:1/v1"


def make_plan(arms: Sequence[str] = ("off", "on"), load: str = "closed:1", **changes: object) -> BenchPlan:
    listed = [Arm(name=name, url=URL, model="m", applies_policy=name == "on") for name in arms]
    return BenchPlan.model_validate({"arms": listed, "load": Load.parse(load), "samples": 2, "blocks": 2, **changes})


def make_questions(count: int, families: Sequence[str] = ("all",)) -> tuple[Question, ...]:
    return tuple(
        Question(id=f"q{n}", question=f"q{n}: what?", answer="42", family=families[n % len(families)])
        for n in range(count)
    )


def make_request(arm: str = "off", question: str = "q0", sample: int = 0, **changes: object) -> MeasuredRequest:
    """Return a correctly answered request of one second, whose four tokens arrive at 0.1, 0.2, 0.3 and 0.4 s."""
    fields = {
        "arm": arm, "question": question, "sample": sample, "block": 0, "seed": 1, "sent_s": 0.0, "ended_s": 1.0,
        "status": 200, "finish": "stop", "completion_tokens": 4, "tokens_reported": True, "visible_ms": 300.0,
        "arrivals": [(100.0, 1), (200.0, 1), (300.0, 1), (400.0, 1)], "content": "\\boxed{42}",
    }  # fmt: skip
    return MeasuredRequest.model_validate({**fields, **changes})


def make_record(
    requests: Iterable[MeasuredRequest], plan: BenchPlan | None = None, count: int = 1, *,
    blocks: Mapping[str, float] | None = None,
    reason: str = "complete", families: Sequence[str] = ("all",), **header: object,
) -> Record:  # fmt: skip
    plan = plan or make_plan()
    fields = {"plan": plan, "questions": make_questions(count, families), "environment": {}, "seeds": "honoured"}
    record = Record(RecordHeader.model_validate({**fields, **header}))
    record.requests = {request.key: request for request in requests}
    seconds = blocks or {arm.name: 2.0 for arm in plan.arms}
    record.blocks = [
        BlockEnd(block=0, arm=arm, seconds=duration, cpu=0.1, lag_p99_ms=1, lag_max_ms=2)
        for arm, duration in seconds.items()
    ]
    record.ends = [RecordEnd(reason=reason)]
    return record


def _leave_undecided(_expected: str, _given: str) -> bool | None:
    return None


NO_COMPARISONS: Final = Comparisons(_leave_undecided, _leave_undecided)
"""Stands in for math-verify and jsonschema in tests whose answers are plain numbers."""

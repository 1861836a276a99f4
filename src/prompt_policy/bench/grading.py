"""The verdict on each request of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from prompt_policy.bench.answers import Verify, given_answer, is_same
from prompt_policy.bench.record import Measured, Record
from prompt_policy.bench.timing import Timing, timing_of

Verdict = Literal["correct", "wrong", "no_answer", "truncated", "unverifiable"]
"""truncated: the length ran out; unverifiable: nobody can tell, in the time given, whether the two are the same."""

_CLIENT_ERROR: Final = range(400, 500)
_BUSY: Final = (408, 409, 429)


@dataclass(frozen=True)
class Graded:
    """A request with its times and the verdict on its answer."""

    one: Measured
    timing: Timing | None
    verdict: Verdict | None


def graded(record: Record, verify: Verify) -> dict[str, list[Graded]]:
    """Return the requests of every arm with their times and verdicts."""
    answers = {question.id: question.answer for question in record.header.questions}
    found: dict[str, list[Graded]] = {arm.name: [] for arm in record.header.plan.arms}
    for one in record.requests.values():
        found[one.arm].append(Graded(one, timing_of(one), verdict_of(one, answers[one.question], verify)))
    return found


def verdict_of(one: Measured, right: str, verify: Verify) -> Verdict | None:
    """Return the verdict on a request; None where the server failed, which is no fault of the answer.

    A request that was refused, by a rule or by the server, and one that took too long, have no answer.
    """
    if one.trouble is not None:
        is_own = one.trouble in ("refused", "timeout") or (one.status in _CLIENT_ERROR and one.status not in _BUSY)
        return "no_answer" if is_own else None
    if one.finish == "length":
        return "truncated"
    given = given_answer(one.content)
    if given is None:
        return "no_answer"
    same = is_same(right, given, verify)
    if same is None:
        return "unverifiable"
    return "correct" if same else "wrong"

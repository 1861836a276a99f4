"""Grade the requests of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from prompt_policy.bench.analysis.latency import RequestTiming, compute_timing
from prompt_policy.bench.dataset.question import MatchMethod, Question
from prompt_policy.bench.matching.answer_match import parse_fraction
from prompt_policy.bench.matching.methods import Comparisons, extract_response, match_response
from prompt_policy.bench.matching.text_match import extract_last_number, is_same_number
from prompt_policy.bench.record import Judgement, MeasuredRequest, Record

Verdict = Literal["correct", "wrong", "no_answer", "truncated", "unverifiable", "not_judged"]
"""``truncated``: the token limit ended the answer. ``unverifiable``: equality was not decided within the time limit.
``not_judged``: the judge failed, so the answer is excluded from accuracy.
"""

_CLIENT_ERRORS: Final = range(400, 500)
_TRANSIENT_ERRORS: Final = (408, 409, 429)
_NEEDING_THE_END: Final = ("box", "gsm8k", "last-number", "json-schema")


@dataclass(frozen=True)
class GradedRequest:
    """A request with its latencies and the verdict on its answer."""

    request: MeasuredRequest
    timing: RequestTiming | None
    verdict: Verdict | None
    is_form_wrong: bool = False
    """Whether the answer is right but not in the requested form: not correct, but its last number is the expected one.
    """

    @property
    def is_graded(self) -> bool:
        """Whether the request counts for accuracy: the server did not fail, and neither did the judge."""
        return self.verdict not in (None, "not_judged")


def grade_record(record: Record, comparisons: Comparisons) -> dict[str, list[GradedRequest]]:
    """Return the requests of every arm with their latencies and verdicts."""
    questions = {question.id: question for question in record.header.questions}
    rows: dict[str, list[GradedRequest]] = {arm.name: [] for arm in record.header.plan.arms}
    for request in record.requests.values():
        question = questions[request.question]
        method = question.match or record.header.plan.match
        verdict = grade_request(request, question, method, comparisons, record.judgements.get(request.key))
        is_form_wrong = verdict in ("wrong", "no_answer") and has_form(question, method) and (
            has_expected_number(request, question.answer)
        )  # fmt: skip
        rows[request.arm].append(GradedRequest(request, compute_timing(request), verdict, is_form_wrong))
    return rows


def has_form(question: Question, method: MatchMethod) -> bool:
    """Return whether an answer may be right without having the requested form, and this can be detected."""
    return method in ("box", "gsm8k") and parse_fraction(question.answer) is not None


def has_expected_number(request: MeasuredRequest, expected: str) -> bool:
    """Return whether the last number of a complete answer is the expected one, in whatever form."""
    response = extract_response(request.content) if request.failure is None else None
    number = extract_last_number(response) if response is not None else None
    return number is not None and is_same_number(expected, number)


def grade_request(
    request: MeasuredRequest,
    question: Question,
    method: MatchMethod,
    comparisons: Comparisons,
    judgement: Judgement | None = None,
) -> Verdict | None:
    """Return the verdict on a request; None if the server failed, which does not count against the answer.

    A request that a rule or the server refused, or that timed out, counts as one without an answer. A truncated answer
    that already contains the expected text is correct.
    """
    if request.failure is not None:
        is_client_error = request.status in _CLIENT_ERRORS and request.status not in _TRANSIENT_ERRORS
        return "no_answer" if request.failure in ("refused", "timeout") or is_client_error else None
    response = extract_response(request.content)
    is_truncated = request.finish == "length"
    if response is None or (is_truncated and method in _NEEDING_THE_END):
        return "truncated" if is_truncated else "no_answer"
    if method == "judge":
        return judgement.verdict if judgement is not None and judgement.verdict is not None else "not_judged"
    verdict = match_response(method, question.answer, response, comparisons)
    return "truncated" if is_truncated and verdict != "correct" else verdict

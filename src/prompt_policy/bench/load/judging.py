"""Judge the answers of a run after its last request, and write the verdicts to the record."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import BinaryIO, Final

from prompt_policy.bench.dataset.question import Question
from prompt_policy.bench.load.runner import RunListener
from prompt_policy.bench.matching.judge import Judge, JudgedAnswer, JudgeVerdict
from prompt_policy.bench.matching.methods import extract_response
from prompt_policy.bench.plan import BenchPlan
from prompt_policy.bench.record import Judgement, MeasuredRequest, Record, dump_line
from prompt_policy.errors import UsageError

_CONCURRENT_JUDGES: Final = 4


def create_judge(plan: BenchPlan, questions: Sequence[Question], timeout_s: float) -> Judge | None:
    """Return the judge of a run; None if no question needs one.

    The judge is tried once with an expected answer, so that a broken one is detected before the run. Raise UsageError
    if it fails, if it is missing, or if no question uses it.
    """
    judged = [question for question in questions if _is_judged(plan, question)]
    if not judged and plan.judge:
        raise UsageError(f"--judge {plan.judge}: no question uses it; add --match judge")
    if not judged:
        return None
    if not plan.judge:
        raise UsageError(f"question '{judged[0].id}' is matched by a judge, but there is none; set --judge")
    judge = Judge(plan.judge, timeout_s)
    result = judge.judge(JudgedAnswer(judged[0].question, judged[0].answer, judged[0].answer, "stop"))
    if result.verdict is None:
        raise UsageError(f"--judge {plan.judge}: {result.message} for an answer equal to the expected one; fix it")
    return judge


def judge_answers(record: Record, judge: Judge, out: BinaryIO, listener: RunListener) -> None:
    """Judge every complete answer that has no verdict. Equal answers to a question are judged once.

    Arguments:
        record: the record of the run.
        judge: the judge.
        out: the file of the record, opened for appending.
        listener: is notified of every judged answer.
    """
    questions = {question.id: question for question in record.header.questions}
    groups: dict[JudgedAnswer, list[MeasuredRequest]] = {}
    for request in record.requests.values():
        judgement = record.judgements.get(request.key)
        question = questions[request.question]
        response = extract_response(request.content)
        is_needed = _is_judged(record.header.plan, question) and request.failure is None and response is not None
        if is_needed and (judgement is None or judgement.verdict is None):
            answer = JudgedAnswer(question.question, question.answer, response or "", request.finish)
            groups.setdefault(answer, []).append(request)
    if groups:
        listener.start_phase("judging", sum(map(len, groups.values())), "answers")
    pool = ThreadPoolExecutor(_CONCURRENT_JUDGES)
    try:
        pending = {pool.submit(judge.judge, answer): requests for answer, requests in groups.items()}
        for future in as_completed(pending):
            requests = pending[future]
            verdict, message = future.result()
            out.writelines(dump_line(_build_judgement(request, verdict, message)) for request in requests)
            out.flush()
            listener.advance(len(requests))
    finally:
        pool.shutdown(cancel_futures=True)


def _is_judged(plan: BenchPlan, question: Question) -> bool:
    return (question.match or plan.match) == "judge"


def _build_judgement(request: MeasuredRequest, verdict: JudgeVerdict | None, message: str) -> Judgement:
    arm, question, sample = request.key
    return Judgement(arm=arm, question=question, sample=sample, verdict=verdict, message=message)

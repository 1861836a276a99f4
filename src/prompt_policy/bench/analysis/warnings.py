"""Find what makes the results of a run doubtful, and advise what to change in the next run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prompt_policy.bench.analysis.seeds import group_samples
from prompt_policy.bench.matching.grading import GradedRequest
from prompt_policy.bench.plan import BenchPlan, describe_small_blocks
from prompt_policy.bench.record import Record

_WARN_SHARE: Final = 0.2
_FORMATS: Final = ("\\boxed", "####")


def list_warnings(record: Record, arms: Mapping[str, Sequence[GradedRequest]], seeds: str) -> Iterator[str]:
    """Yield what a reader must know before using the results, each in one sentence with its remedy.

    Arguments:
        record: the record of the run.
        arms: the graded requests of every arm.
        seeds: how the server treats seeds, as ``describe_seeds`` returns it.
    """
    header = record.header
    if seeds.startswith(("ignored", "repeated")):
        yield f"seeds are {seeds}"
    if small_blocks := describe_small_blocks(header.plan, len(header.questions)):
        yield small_blocks
    yield from _find_judge_failures(record, arms)
    for name, rows in arms.items():
        yield from (f"{name}: {warning}" for warning in _find_arm_warnings(rows, header.plan))


def _find_judge_failures(record: Record, arms: Mapping[str, Sequence[GradedRequest]]) -> Iterator[str]:
    failed = [row.request for rows in arms.values() for row in rows if row.verdict == "not_judged"]
    if failed:
        judgements = (record.judgements.get(request.key) for request in failed)
        reason = next((judgement.message for judgement in judgements if judgement), "the run ended before")
        yield (
            f"{len(failed)} answers were not judged and are excluded from accuracy ({reason}); repeat the command with "
            "--resume to judge them"
        )


def _find_arm_warnings(rows: Sequence[GradedRequest], plan: BenchPlan) -> Iterator[str]:
    groups = [group for group in group_samples(rows).values() if len(group) > 1]
    same = sum(len(set(group)) == 1 for group in groups)
    if same > len(groups) / 2:
        yield f"all answers to a question are identical for {same} of {len(groups)} questions: their samples count once"
    failed = [row.request for row in rows if row.request.failure is not None]
    if len(failed) > _WARN_SHARE * len(rows):
        yield f"{len(failed) / len(rows):.0%} of the requests failed, the first with: {failed[0].message}"
    verdicts = Counter(row.verdict for row in rows)
    if plan.match == "box" and verdicts["no_answer"] > _WARN_SHARE * len(rows):
        yield _advise_on_format(verdicts["no_answer"] / len(rows), plan)
    if verdicts["truncated"] > _WARN_SHARE * len(rows):
        yield f"{verdicts['truncated'] / len(rows):.0%} of the answers reached the token limit{_advise_on_limit(plan)}"
    if any(row.request.arrivals and not row.request.tokens_reported for row in rows):
        yield "chunks do not report their tokens, which are distributed evenly over them"


def _advise_on_format(share: float, plan: BenchPlan) -> str:
    """Return the warning about answers without a box. Its advice depends on what every arm already requests."""
    found = f"{share:.0%} of the answers contain no \\boxed{{}}, so accuracy also measures the format"
    if any(text in plan.instruction + plan.system for text in _FORMATS):
        return f"{found}, although every arm requests one: read some answers in the record"
    return f"{found}: use --instruction to request one in every arm"


def _advise_on_limit(plan: BenchPlan) -> str:
    limit = plan.parameters.get("max_tokens")
    if limit is None:
        return ", which the server or the policy sets: set --max-tokens, or a higher limit in the policy"
    return f": raise --max-tokens above {limit}"

"""Derive the results of a run from its record alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from prompt_policy.bench.analysis.arm_metrics import ArmMetrics, compute_arm_metrics
from prompt_policy.bench.analysis.compare import Comparison, compare_arms
from prompt_policy.bench.analysis.groups import GroupResult, compare_groups, group_by_family, group_by_language
from prompt_policy.bench.analysis.seeds import describe_seeds
from prompt_policy.bench.analysis.slo import Slo
from prompt_policy.bench.analysis.warnings import list_warnings
from prompt_policy.bench.matching.grading import GradedRequest, grade_record, has_form
from prompt_policy.bench.matching.methods import Comparisons
from prompt_policy.bench.record import Record

MAX_CLIENT_CPU: Final = 0.85
MAX_LOOP_LAG_MS: Final = 25.0


@dataclass
class Summary:
    """The results of a run."""

    record: Record
    slo: Slo
    rows: dict[str, list[GradedRequest]]
    arms: dict[str, ArmMetrics]
    comparisons: list[Comparison]
    ended: str
    """``complete``, or the reason why the run is incomplete."""
    missing: int
    """The number of planned requests that were never measured."""
    invalid: tuple[str, ...] = ()
    """The reasons why the measured times must not be used."""
    warnings: tuple[str, ...] = ()
    seeds: str = ""
    """How the server treats seeds, as determined from all answers."""
    families: dict[str, GroupResult] = field(default_factory=dict)
    languages: dict[str, GroupResult] = field(default_factory=dict)
    has_form: bool = False
    """Whether the answers to some question may be right without having the requested form."""

    @property
    def main_comparison(self) -> Comparison | None:
        """The comparison that the verdict describes: off with on, or else the first arm with the last."""
        names = [arm.name for arm in self.record.header.plan.arms]
        by_arms = {(comparison.first, comparison.second): comparison for comparison in self.comparisons}
        return by_arms.get(("off", "on")) or by_arms.get((names[0], names[-1]))


def summarize(record: Record, slo: Slo, comparisons: Comparisons) -> Summary:
    """Compute the results of a run.

    Arguments:
        record: the record of the run.
        slo: the latency bounds for goodput.
        comparisons: the comparisons that need a time limit.
    """
    header = record.header
    rows = grade_record(record, comparisons)
    seconds = {name: sum(block.seconds for block in record.blocks if block.arm == name) for name in rows}
    pairs = list(combinations([arm.name for arm in header.plan.arms], 2))
    seeds = describe_seeds(record, rows)
    missing = len(header.questions) * header.plan.samples * len(header.plan.arms) - len(record.done)
    return Summary(
        record,
        slo,
        rows,
        arms={name: compute_arm_metrics(requests, seconds[name], slo) for name, requests in rows.items()},
        comparisons=[compare_arms(first, second, rows, record) for first, second in pairs],
        ended=_describe_end(record, missing),
        missing=missing,
        invalid=tuple(_find_client_overload(record)),
        warnings=tuple(list_warnings(record, rows, seeds)),
        seeds=seeds,
        families=compare_groups(record, rows, pairs, group_by_family(record)),
        languages=compare_groups(record, rows, pairs, group_by_language(record)),
        has_form=any(has_form(question, question.match or header.plan.match) for question in header.questions),
    )


def _describe_end(record: Record, missing: int) -> str:
    if missing == 0:
        return "complete"
    reason = record.ends[-1].reason if record.ends else "the process was killed"
    return reason if reason != "complete" else "some requests never got a complete answer"


def _find_client_overload(record: Record) -> list[str]:
    """Return the reasons, if any, to consider this process the bottleneck."""
    busy = [block for block in record.blocks if block.cpu > MAX_CLIENT_CPU]
    late = [block for block in record.blocks if block.lag_p99_ms > MAX_LOOP_LAG_MS]
    reasons = []
    if busy:
        cpu = max(block.cpu for block in busy)
        reasons.append(f"the client used {cpu:.0%} of a core in {len(busy)} of {len(record.blocks)} blocks")
    if late:
        lag = max(block.lag_p99_ms for block in late)
        reasons.append(f"the client's loop was {lag:.0f} ms late in {len(late)} of {len(record.blocks)} blocks")
    return reasons

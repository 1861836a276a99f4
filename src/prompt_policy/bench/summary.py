"""Everything that a record says, derived from nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from prompt_policy.bench.answers import Verify
from prompt_policy.bench.compare import Comparison, compared
from prompt_policy.bench.figures import ArmFigures, arm_figures
from prompt_policy.bench.grading import Graded, graded
from prompt_policy.bench.plan import Arm
from prompt_policy.bench.record import Record
from prompt_policy.bench.slo import Slo

BUSY_CPU: Final = 0.85
LATE_MS: Final = 25.0
_MANY: Final = 0.2


@dataclass
class Summary:
    """What came of a run."""

    record: Record
    slo: Slo
    rows: dict[str, list[Graded]]
    arms: dict[str, ArmFigures]
    comparisons: list[Comparison]
    ended: str
    """``complete``, or why not."""
    missing: int
    """How many requests of the plan were never measured."""
    invalid: tuple[str, ...] = ()
    """Why the figures of time must not be used."""
    warnings: tuple[str, ...] = ()
    families: dict[str, list[Comparison]] = field(default_factory=dict)

    @property
    def main(self) -> Comparison | None:
        """The comparison that the verdict is about: off against on, or else the first with the last."""
        wanted = [one for one in self.comparisons if (one.first, one.second) == ("off", "on")]
        names = [arm.name for arm in self.record.header.plan.arms]
        wanted += [one for one in self.comparisons if (one.first, one.second) == (names[0], names[-1])]
        return wanted[0] if wanted else None


def summary_of(record: Record, slo: Slo, verify: Verify) -> Summary:
    """Reckon everything. ``verify`` compares answers that are no plain numbers."""
    header = record.header
    rows = graded(record, verify)
    seconds = {name: sum(block.seconds for block in record.blocks if block.arm == name) for name in rows}
    arms = {name: arm_figures(each, seconds[name], slo) for name, each in rows.items()}
    pairs = _pairs(header.plan.arms)
    wanted = len(header.questions) * header.plan.samples * len(header.plan.arms)
    missing = wanted - len(record.done)
    return Summary(
        record, slo, rows, arms, [compared(a, b, rows, record.blocks) for a, b in pairs],
        _ended(record, missing), missing, tuple(_invalid(record)), tuple(_warnings(record, rows)),
        _families(record, rows, pairs),
    )  # fmt: skip


def _pairs(arms: Sequence[Arm]) -> list[tuple[str, str]]:
    return [(first.name, second.name) for first, second in combinations(arms, 2)]


def _ended(record: Record, missing: int) -> str:
    if missing == 0:
        return "complete"
    why = record.ends[-1].why if record.ends else "the process was killed"
    return why if why != "complete" else "some requests never had a whole answer"


def _invalid(record: Record) -> list[str]:
    """Tell in which blocks this process was the bottleneck."""
    busy = [block for block in record.blocks if block.cpu > BUSY_CPU]
    late = [block for block in record.blocks if block.lag_p99_ms > LATE_MS]
    found = []
    if busy:
        cpu = max(block.cpu for block in busy)
        found.append(f"the client used {cpu:.0%} of a core in {len(busy)} of {len(record.blocks)} blocks")
    if late:
        lag = max(block.lag_p99_ms for block in late)
        found.append(f"the client's loop was {lag:.0f} ms late in {len(late)} of {len(record.blocks)} blocks")
    return found


def _warnings(record: Record, arms: dict[str, list[Graded]]) -> list[str]:
    header = record.header
    found = []
    if header.seeds.startswith(("ignored", "repeated")):
        found.append(f"seeds are {header.seeds}")
    for name, rows in arms.items():
        if header.plan.samples > 1 and _repeats(rows):
            found.append(f"{name}: all answers to a question are the same, so that its samples count as one")
        failed = sum(row.one.trouble is not None for row in rows)
        if failed > _MANY * len(rows):
            message = next(row.one.message for row in rows if row.one.trouble is not None)
            found.append(f"{name}: {failed / len(rows):.0%} of the requests failed, the first with: {message}")
        verdicts = Counter(row.verdict for row in rows)
        if rows and verdicts["no_answer"] > _MANY * len(rows):
            share = verdicts["no_answer"] / len(rows)
            found.append(
                f"{name}: {share:.0%} of the answers hold no \\boxed{{}}, so that accuracy is also one of form: "
                "--instruction asks every arm for one"
            )
        if rows and verdicts["truncated"] > _MANY * len(rows):
            share = verdicts["truncated"] / len(rows)
            found.append(f"{name}: {share:.0%} of the answers ran out of length: raise max_tokens")
        if any(row.one.arrivals and not row.one.tokens_told for row in rows):
            found.append(f"{name}: chunks do not tell their tokens, which are spread evenly over them")
    return found


def _repeats(rows: Sequence[Graded]) -> bool:
    """Tell whether most questions have one answer only, byte for byte."""
    texts: dict[str, list[str]] = {}
    for row in rows:
        if row.one.trouble is None:
            texts.setdefault(row.one.question, []).append(row.one.reasoning + row.one.content)
    several = [set(each) for each in texts.values() if len(each) > 1 and any(each)]
    return bool(several) and sum(len(each) == 1 for each in several) > len(several) / 2


def _families(
    record: Record, arms: dict[str, list[Graded]], pairs: Sequence[tuple[str, str]]
) -> dict[str, list[Comparison]]:
    names = {question.id: question.family for question in record.header.questions}
    found: dict[str, list[Comparison]] = {}
    for family in dict.fromkeys(names.values()):
        own = {arm: [row for row in rows if names[row.one.question] == family] for arm, rows in arms.items()}
        found[family] = [compared(first, second, own, record.blocks) for first, second in pairs]
    return found

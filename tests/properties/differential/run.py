"""One run: cases through both trees, batch by batch, and what differs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from tests.properties.differential.case import BY_MODEL_NAME, HOSTS, Case, Place
from tests.properties.differential.compare import Difference, compare, compare_results
from tests.properties.differential.generate import build_case, build_places
from tests.properties.differential.report import describe, say
from tests.properties.differential.trees import Batch, Process
from tests.properties.differential.wanted import Wanted, unwanted

_BATCH: Final = 50
_SHOW_EVERY_S: Final = 1.0


@dataclass
class Findings:
    """What a run found. ``differing`` are the places of cases with unwanted differences."""

    wanted: Sequence[Wanted]
    seed: str
    most: int
    cases: int = 0
    visited: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    differing: list[str] = field(default_factory=list)
    intended: int = 0

    def add(self, name: str, differences: Sequence[Difference], case: Case | None = None) -> None:
        """Print the unwanted differences of one case, unless enough are printed."""
        left = unwanted(name, differences, self.wanted)
        self.intended += len(differences) - len(left)
        if left:
            self.differing.append(name)
            if len(self.differing) <= self.most:
                say(describe(self.seed, name, left, case), sys.stdout)


class Progress:
    """A line on the terminal that says how far a run is; nothing if standard error is no terminal."""

    def __init__(self) -> None:
        self._begun = self._shown = time.monotonic()

    def show(self, findings: Findings) -> None:
        """Write the line anew, once a second."""
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown > _SHOW_EVERY_S:
            self._shown = now
            rate = findings.cases / (now - self._begun)
            sys.stderr.write(f"\r{findings.cases} cases, {rate:.0f}/s, {len(findings.differing)} differ ")
            sys.stderr.flush()


def compare_policies(old: dict[str, str], new: dict[str, str], findings: Findings) -> list[str]:
    """Compare the policies' hashes, and return the names that both trees have."""
    for name in sorted({**old, **new}):
        one, other = ({"hash": hashes.get(name)} for hashes in (old, new))
        findings.add(f"policy {name}", [*compare(one, other)])
    return [BY_MODEL_NAME, *(name for name in old if name in new)]


def select_places(
    seed: str, policies: Sequence[str], *, hosts: Sequence[str], chosen: Sequence[str], case: Place | None
) -> Iterator[Place]:
    """Return the places to visit: one that is given, or all of some hosts and policies, none for all of them."""
    if case is not None:
        return iter([case])
    return build_places(seed, list(chosen) or policies, list(hosts) or HOSTS)


def run(old: Process, new: Process, places: Iterable[Place], findings: Findings) -> None:
    """Send the cases of some places through both trees, and add what differs to the findings."""
    progress = Progress()
    waiting: list[Case] = []
    coming = iter(places)
    while True:
        cases = [build_case(findings.seed, place) for place in islice(coming, _BATCH)]  # while the workers work
        if waiting:
            _add_batch(waiting, old.receive(), new.receive(), findings)
        if not cases:
            break
        for process in (old, new):
            process.send(cases)
        waiting = cases
        progress.show(findings)


def _add_batch(cases: Sequence[Case], old: Batch, new: Batch, findings: Findings) -> None:
    before = len(findings.differing)
    for case, one, other in zip(cases, old.results, new.results, strict=True):
        findings.cases += 1
        findings.visited[case.place.host, case.place.endpoint, case.place.policy] += 1
        findings.add(str(case.place), compare_results(one, other), case)
    if len(findings.differing) == before:  # a case that differs explains metrics that do
        differences = [*compare(old.metrics, new.metrics, "metrics")]
        findings.add(f"metrics of {cases[0].place} to {cases[-1].place}", differences)

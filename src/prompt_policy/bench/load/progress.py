"""Show the progress of a run: a live display on a terminal, else a line from time to time."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from prompt_policy.bench.load.reader import RequestDone
from prompt_policy.bench.load.remaining_time import RemainingTime

WARMING_UP: Final = "warming up"
MEASURING: Final = "measuring"
_PROGRESS_LINES: Final = 10
_MAX_SILENCE_S: Final = 30.0
_REFRESHES_PER_S: Final = 2


class ProgressDisplay:
    """Shows the phase of a run and its results so far. A context manager.

    Without a terminal, it prints a line at the start of each phase, after each tenth of the measured requests, and
    after 30 seconds without a line.

    Arguments:
        totals: the number of measured requests of each arm.
        console: the console to write to; None: standard error.
        clock: returns the time in seconds.
    """

    def __init__(
        self, totals: Mapping[str, int], console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
        self._clock, self._totals = clock, totals
        self._results: dict[str, list[RequestDone]] = {arm: [] for arm in totals}
        self._phase, self._unit, self._total, self._done = "", "", 0, 0
        self._phase_started = self._last_line = clock()
        self._remaining = RemainingTime(totals, clock())
        columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn())
        left = TextColumn("{task.fields[left]}")
        self._progress = Progress(*columns, TimeElapsedColumn(), left, console=self._console)
        self._task = self._progress.add_task("", total=None, left="")
        self._live = Live(
            console=self._console, refresh_per_second=_REFRESHES_PER_S, transient=True, get_renderable=self._build_table
        )
        self._lock, self._has_ended = threading.Lock(), threading.Event()

    def __enter__(self) -> ProgressDisplay:
        if self._console.is_terminal:
            self._live.start()
        else:
            threading.Thread(target=self._print_regularly, daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._has_ended.set()
        self._live.stop()

    def start_phase(self, phase: str, total: int, unit: str = "requests") -> None:
        """Begin a phase, such as ``warming up``, with so many requests."""
        now = self._clock()
        ended = f"{self._phase} took {format_duration(now - self._phase_started)}; " if self._phase else ""
        self._phase, self._unit, self._total, self._done = phase, unit, total, 0
        self._phase_started = now
        self._remaining = RemainingTime(self._totals if phase == MEASURING else {phase: total}, now)
        self._progress.reset(self._task, total=total, description=phase, left="")
        with self._lock:
            self._print_line(f"{ended}{phase}: {total} {unit}")

    def advance(self, count: int = 1) -> None:
        """Count completed requests of a phase that is not measured."""
        for _ in range(count):
            self._remaining.count(self._phase, self._clock())
        self._count(count)

    def update(self, result: RequestDone) -> None:
        """Count a measured request."""
        self._results[result.arm].append(result)
        self._remaining.count(result.arm, self._clock())
        self._count(1)

    def _count(self, count: int) -> None:
        previous, self._done = self._done, self._done + count
        self._progress.update(self._task, completed=self._done)
        step, previous_step = (done * _PROGRESS_LINES // max(1, self._total) for done in (self._done, previous))
        with self._lock:
            if self._phase == MEASURING and step > previous_step:
                self._print_line(self._describe())
        self.print_if_due()

    def print_if_due(self) -> None:
        """Print a line if there has been none for 30 seconds."""
        with self._lock:
            if self._phase and self._clock() - self._last_line >= _MAX_SILENCE_S:
                self._print_line(self._describe())

    def _print_regularly(self) -> None:
        while not self._has_ended.wait(1):
            self.print_if_due()

    def _print_line(self, text: str) -> None:
        self._last_line = self._clock()
        if not self._console.is_terminal:
            self._console.print(text)

    def _describe(self) -> str:
        phase = "" if self._phase == MEASURING else f"{self._phase}: "
        failed = sum(result.failure is not None for results in self._results.values() for result in results)
        failures = f", {failed} failed" if self._phase == MEASURING else ""
        left = f", {text}" if (text := self._describe_left()) else ""
        return f"{phase}{self._done} of {self._total} {self._unit}{failures}{left}"

    def _describe_left(self) -> str:
        left_s = self._remaining.estimate(self._clock())
        # The warm-up begins with requests for one token, whose pace does not predict the complete ones after them.
        if left_s is None or self._done >= self._total or self._phase == WARMING_UP:
            return ""
        return f"about {format_duration(left_s)} left"

    def _build_table(self) -> Table:
        self._progress.update(self._task, left=self._describe_left())
        table = Table.grid(padding=(0, 2))
        table.add_row(self._progress)
        rows = Table.grid(padding=(0, 2))
        rows.add_row("arm", "answers", "failed", "latency P50", "tokens/answer", style="bold")
        for arm, results in self._results.items():
            completed = [result for result in results if result.failure is None]
            median = f"{statistics.median(result.seconds for result in completed):.2f} s" if completed else "-"
            tokens = f"{statistics.fmean(result.tokens for result in completed):.0f}" if completed else "-"
            rows.add_row(arm, str(len(completed)), str(len(results) - len(completed)), median, tokens)
        table.add_row(rows)
        return table


def format_duration(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds: ``0:32`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

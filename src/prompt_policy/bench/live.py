"""Figures while a run goes on: a running display on a terminal, else a line now and then."""

from __future__ import annotations

import statistics
import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.live import Live as RichLive
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from prompt_policy.bench.reader import Event

_LINES: Final = 10
_REFRESHES_PER_S: Final = 2


class Live:
    """Shows what came of the requests so far, on standard error. A context manager.

    Arguments:
        arms: their names.
        total: how many requests there will be.
        console: where to; None: standard error.
    """

    def __init__(self, arms: tuple[str, ...], total: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
        self._events: dict[str, list[Event]] = {arm: [] for arm in arms}
        self._total, self._begun, self._done = total, time.monotonic(), 0
        columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self._console)
        self._task = self._progress.add_task("measuring", total=total)
        self._live = RichLive(
            console=self._console, refresh_per_second=_REFRESHES_PER_S, transient=True, get_renderable=self._table
        )

    def __enter__(self) -> Live:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def watch(self, event: Event) -> None:
        """Count a request that ended."""
        self._events[event.arm].append(event)
        self._done += 1
        self._progress.update(self._task, completed=self._done)
        if (
            not self._console.is_terminal
            and self._done * _LINES // self._total > (self._done - 1) * _LINES // self._total
        ):
            self._console.print(f"{self._done} of {self._total} requests, {self._errors()} failed")

    def _errors(self) -> int:
        return sum(event.trouble is not None for events in self._events.values() for event in events)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row(self._progress)
        rows = Table.grid(padding=(0, 2))
        rows.add_row("arm", "answers", "failed", "latency P50", "tokens/answer", style="bold")
        for arm, events in self._events.items():
            whole = [event for event in events if event.trouble is None]
            middle = f"{statistics.median(event.seconds for event in whole):.2f} s" if whole else "-"
            tokens = f"{statistics.fmean(event.tokens for event in whole):.0f}" if whole else "-"
            rows.add_row(arm, str(len(whole)), str(len(events) - len(whole)), middle, tokens)
        table.add_row(rows)
        return table

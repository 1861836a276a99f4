"""The progress bar of a run: the share of the input that is done, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rich.progress


class BatchProgress:
    """Shows progress and messages on standard error.

    Arguments:
        bar: the bar; None: only messages are shown.
    """

    def __init__(self, bar: rich.progress.Progress | None = None) -> None:
        self._bar = bar

    def update(self, done_bytes: int, lines: int) -> None:
        """Show how much of the input is done."""
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=done_bytes, description=f"{lines:,} lines")

    def print(self, text: str) -> None:
        """Print a message above the bar."""
        if self._bar is None:
            sys.stderr.write(f"{text}\n")
        else:
            self._bar.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)


@contextmanager
def show_progress(total_bytes: int | None, *, is_shown: bool) -> Iterator[BatchProgress]:
    """Show a progress bar on standard error while the block runs.

    Arguments:
        total_bytes: the size of the input; None: unknown.
        is_shown: whether there is a bar at all.
    """
    if not is_shown:
        yield BatchProgress()
        return
    import rich.console
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (SpinnerColumn(), BarColumn(30), DownloadColumn(), TextColumn("{task.description}"))
    console = rich.console.Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        progress.add_task("", total=total_bytes)
        yield BatchProgress(progress)


def is_bar_visible(*, writes_to_standard_output: bool) -> bool:
    """Return whether a bar can be seen: standard error is a terminal, and no lines are written to a terminal."""
    return sys.stderr.isatty() and not (writes_to_standard_output and sys.stdout.isatty())

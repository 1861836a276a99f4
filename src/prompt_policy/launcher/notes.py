"""What is said on standard error while a command runs, with a progress line where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Notes:
    """Lines on standard error. They may come from several threads."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def line(self, text: str) -> None:
        """Say one thing."""
        self._console.print(text)

    @contextmanager
    def waiting(self, text: str) -> Iterator[Callable[[str, float | None], None]]:
        """Say what is waited for in the block: as a running line on a terminal, else once.

        The block gets a function that says how far it is: a text, and a share from 0 to 1 where one is known.
        """
        if not self._console.is_terminal:
            self.line(text)
            yield lambda stage, _share: self.line(f"{text}: {stage}")
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(text, total=None)
            yield lambda stage, share: progress.update(
                task, description=f"{text}: {stage}", total=None if share is None else 1, completed=share or 0
            )

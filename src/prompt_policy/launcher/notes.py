"""What is said on standard error while a command runs, with a progress line where that is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Notes:
    """Lines on standard error. They may come from several threads."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def line(self, text: str) -> None:
        """Say one thing."""
        self._console.print(text)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Say what is waited for in the block: as a running line on a terminal, else once."""
        if not self._console.is_terminal:
            self.line(text)
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            progress.add_task(text, total=None)
            yield

"""Signals of programs that tests start."""

from __future__ import annotations

import signal


def restore_interrupt() -> None:
    """Stop ignoring SIGINT: a shell's background jobs, and their children, inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

"""Our lines in the log of a server that configured no logging: Python would drop what is below a warning."""

from __future__ import annotations

import logging


def make_visible(logger: logging.Logger) -> None:
    """Show a logger's lines from INFO on, on standard error, where nobody configured it."""
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)

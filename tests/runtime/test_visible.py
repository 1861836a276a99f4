"""Our lines in the log of a server that configured no logging."""

from __future__ import annotations

import logging

from prompt_policy.runtime.visible import make_visible


def unattached(level: int = logging.NOTSET) -> logging.Logger:
    logger = logging.Logger("test", level)
    logger.parent = None
    return logger


def test_lines_are_shown_where_nobody_configured_logging() -> None:
    logger = unattached()

    make_visible(logger)
    make_visible(logger)

    assert logger.isEnabledFor(logging.INFO)
    assert len(logger.handlers) == 1


def test_what_somebody_configured_stays() -> None:
    logger = unattached(logging.ERROR)
    logger.addHandler(logging.NullHandler())

    make_visible(logger)

    assert logger.level == logging.ERROR
    assert len(logger.handlers) == 1

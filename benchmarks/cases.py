"""Calls whose cost is compared with that of a call beside them, in time and in instructions."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from benchmarks.bare_loop import OpenStream, build_stream_app, build_whole_app, run_request
from benchmarks.bodies import POLICY, build_conversation
from benchmarks.texts import (
    ARGUMENTS,
    CHINESE,
    CODE,
    MARKDOWN,
    WORDS,
    build_answer,
    build_text_chunks,
    build_tool_chunks,
    fill,
)
from benchmarks.timing import Work
from prompt_policy import Pipeline, PolicySet, load
from prompt_policy.asgi import App, PolicyMiddleware

STREAMS: Final[Mapping[str, Callable[[], Sequence[bytes]]]] = {
    "words": lambda: build_text_chunks(WORDS),
    "markdown": lambda: build_text_chunks(MARKDOWN),
    "Chinese": lambda: build_text_chunks(CHINESE),
    "code": lambda: build_text_chunks(CODE),
    "a tool call": lambda: build_tool_chunks(ARGUMENTS),
    "words and tool calls": lambda: [*build_text_chunks(WORDS)[:50], *build_tool_chunks(ARGUMENTS)],
}
_BLANK: Final = "\n\nsort_rivers("  # before the last line of the answer's code
ANSWERS: Final[Mapping[str, Callable[[], str]]] = {
    "1.7 kB": lambda: fill(MARKDOWN, 1_700),
    "100 kB": lambda: fill(MARKDOWN, 100_000),
    "1.7 kB, a newline at its end": lambda: fill(MARKDOWN, 1_700) + "\n",
    "100 kB, two blank lines in its code": lambda: fill(MARKDOWN.replace(_BLANK, f"\n{_BLANK}"), 100_000),
}


class Pair(NamedTuple):
    """A call and the call beside it; their difference is the cost of the policy."""

    work: Work
    beside: Work


def wrap_app(app: App) -> App:
    """Return an app behind the middleware with the shipped R1 policy."""
    return PolicyMiddleware(app, PolicySet([load(POLICY)]))


def build_apply() -> Pair:
    """Return the core's work on a request, beside an empty call."""
    pipeline, body = Pipeline(load(POLICY)), build_conversation()
    return Pair(lambda: pipeline.apply(body, "chat"), lambda: None)


def build_request() -> Pair:
    """Return a whole exchange through the middleware, beside the same one with the app alone."""
    app, body = build_whole_app(build_answer(WORDS)), build_conversation()
    return Pair(run_request(wrap_app(app), body), run_request(app, body))


def build_logged_request() -> Pair:
    """Return an exchange whose decision is logged to ``/dev/null``, beside one that is not logged."""
    request = build_request().work
    logger = logging.getLogger("prompt_policy")
    handler = logging.FileHandler(os.devnull)

    def run() -> None:
        level, propagate = logger.level, logger.propagate
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            request()
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate

    return Pair(run, request)


def build_chunk(kind: str) -> Pair:
    """Return one more chunk of a stream through the middleware, beside one of the app alone."""
    app, body = build_stream_app(STREAMS[kind]()), build_conversation(stream=True)
    return Pair(OpenStream(wrap_app(app), body).step, OpenStream(app, body).step)


def build_whole_answer(size: str) -> Pair:
    """Return an exchange whose answer is rewritten, beside one whose answer passes because it is not JSON."""
    answer, body = build_answer(ANSWERS[size]()), build_conversation()
    rewritten, passed = (wrap_app(build_whole_app(answer, kind)) for kind in ("application/json", "text/plain"))
    return Pair(run_request(rewritten, body), run_request(passed, body))


CASES: Final[Mapping[str, Callable[[], Pair]]] = {
    "apply": build_apply,
    "request": build_request,
    **{f"chunk of {kind}": partial(build_chunk, kind) for kind in STREAMS},
    **{f"whole answer of {size}": partial(build_whole_answer, size) for size in ANSWERS},
}
"""The cases by name, for counting in a separate process."""

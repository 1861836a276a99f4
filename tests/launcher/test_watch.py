"""What ends a run."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from prompt_policy.launcher.child import Child
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from prompt_policy.launcher.watch import Ending, watching
from tests.echoes import Serve

SLEEPS = "import time; time.sleep(600)"


def _child(program: str, folder: Path) -> Child:
    return Child("it", [sys.executable, "-c", program], environment={}, folder=folder, on_line=lambda _: None)


@pytest.mark.parametrize(("ready", "status"), [(True, 0), (False, 143)])
def test_a_signal_ends_the_run_and_is_then_left_to_others(ready: bool, status: int) -> None:
    before = signal.getsignal(signal.SIGTERM)

    with watching() as watch:
        watch.ready = ready
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Ending, match="SIGTERM") as ending:
            watch.pause()

    assert ending.value.status == status
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_childs_death_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    url = url_of(LOOPBACK, free_port(LOOPBACK))

    with watching() as watch, _child("raise SystemExit('no luck')", tmp_path) as child:
        watch.children.append(child)
        with pytest.raises(Ending, match="it ended with status 1; it last said:\nno luck"):
            watch.await_answer(child, url, 60)


def test_an_answer_ends_the_wait(serve: Serve, tmp_path: Path) -> None:
    with watching() as watch, _child(SLEEPS, tmp_path) as child:
        watch.await_answer(child, f"{serve()}/health", 60)


def test_patience_ends_too(tmp_path: Path) -> None:
    url = url_of(LOOPBACK, free_port(LOOPBACK))

    with (
        watching() as watch,
        _child(SLEEPS, tmp_path) as child,
        pytest.raises(Ending, match=r"does not answer after 0\.1 s"),
    ):
        watch.await_answer(child, url, 0.1)

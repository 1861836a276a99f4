"""Start one vLLM, wait until it answers, and end it; the vLLM is a fake."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from prompt_policy.launcher.launch import Launch
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from prompt_policy.launcher.running import running_vllm
from prompt_policy.launcher.watch import Ending, watching
from tests.launcher.made import fake_vllm


def launch_of(*options: str, name: str = "m", key: str | None = None) -> Launch:
    port = free_port(LOOPBACK)
    environment = {**os.environ, **({"VLLM_API_KEY": key} if key else {})}
    return Launch(tuple(fake_vllm(port, *options)), environment, url_of(LOOPBACK, port), name, key)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


@pytest.mark.parametrize("key", [None, "secret"])
def test_it_goes_through_its_stages_and_answers(tmp_path: Path, key: str | None) -> None:
    told: list[str] = []
    log = tmp_path / "vllm.log"

    with watching() as watch, running_vllm(launch_of(key=key), watch, log, lambda t, _: told.append(t)) as vllm:
        vllm.await_ready(watch, 30)
        assert vllm.is_ready

    assert told[0] == "importing"
    assert told[-1] == "application startup complete"
    assert "Application startup complete" in log.read_text()


def test_at_its_end_every_process_is_gone_even_those_that_do_not_listen(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    launch = launch_of("--pids", str(pids))

    with watching() as watch, running_vllm(launch, watch, tmp_path / "log", lambda *_: None) as vllm:
        vllm.await_ready(watch, 30)
        started = [int(pid) for pid in pids.read_text().split()]
        assert all(map(alive, started))

    assert gone(started)


def test_its_death_is_told_at_once_with_the_cause(tmp_path: Path) -> None:
    launch, log = launch_of("--fail", "kvoom.log", "1"), tmp_path / "log"

    with (
        pytest.raises(Ending) as ending,
        watching() as watch,
        running_vllm(launch, watch, log, lambda *_: None) as vllm,
    ):
        vllm.await_ready(watch, 600)

    assert str(ending.value).startswith("vLLM did not start: a cache of 200.0 GiB does not fit")
    assert str(ending.value).endswith(f"the whole log: {log}")


def test_silence_is_told_after_the_timeout(tmp_path: Path) -> None:
    launch = launch_of("--silent")

    with (
        pytest.raises(Ending, match=r"vLLM does not answer after 1 s \(--timeout\)"),
        watching() as watch,
        running_vllm(launch, watch, tmp_path / "log", lambda *_: None) as vllm,
    ):
        vllm.await_ready(watch, 1)


def test_another_server_on_that_port_is_not_taken_for_it(tmp_path: Path) -> None:
    with (
        pytest.raises(Ending, match="does not serve wanted after 1 s"),
        watching() as watch,
        running_vllm(launch_of(name="wanted"), watch, tmp_path / "log", lambda *_: None) as vllm,
    ):
        vllm.await_ready(watch, 1)

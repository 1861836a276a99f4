"""Start a fake vLLM, wait until it is ready, and stop it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.supervise.ready_check import ReadyCheck
from prompt_policy.launcher.supervise.shutdown import RunEnded, monitor_shutdown
from prompt_policy.launcher.supervise.vllm_process import run_vllm
from prompt_policy.net import LOOPBACK, build_url
from tests.support.checkpoints import fake_vllm_command


def build_launch(*options: str, name: str = "m", key: str | None = None) -> LaunchSpec:
    port = find_free_port(LOOPBACK)
    environment = {**os.environ, **({"VLLM_API_KEY": key} if key else {})}
    return LaunchSpec(tuple(fake_vllm_command(port, *options)), environment, build_url(LOOPBACK, port), name, key)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def all_ended(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(is_alive, pids))


@pytest.mark.parametrize("key", [None, "secret"])
def test_it_passes_its_stages_and_becomes_ready(tmp_path: Path, key: str | None) -> None:
    stages: list[str] = []
    log = tmp_path / "vllm.log"

    with (
        monitor_shutdown() as monitor,
        run_vllm(build_launch(key=key), monitor, log, lambda t, _: stages.append(t)) as vllm,
    ):
        vllm.wait_until_ready(monitor, 30)
        assert vllm.is_ready

    assert stages[0] == "importing"
    assert stages[-2:] == ["application startup complete", "requesting an answer"]
    assert "Application startup complete" in log.read_text()


def test_all_processes_end_even_those_ignoring_sigterm(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    launch = build_launch("--pids", str(pids))

    with monitor_shutdown() as monitor, run_vllm(launch, monitor, tmp_path / "log", lambda *_: None) as vllm:
        vllm.wait_until_ready(monitor, 30)
        started = [int(pid) for pid in pids.read_text().split()]
        assert all(map(is_alive, started))

    assert all_ended(started)


def test_its_death_is_reported_at_once_with_the_cause(tmp_path: Path) -> None:
    launch, log = build_launch("--fail", "kvoom.log", "1"), tmp_path / "log"

    with (
        pytest.raises(RunEnded) as ending,
        monitor_shutdown() as monitor,
        run_vllm(launch, monitor, log, lambda *_: None) as vllm,
    ):
        vllm.wait_until_ready(monitor, 600)

    assert str(ending.value).startswith("vLLM did not start: a cache of 200.0 GiB does not fit")
    assert str(ending.value).endswith(f"the whole log: {log}")


def test_a_silent_server_is_reported_after_the_timeout(tmp_path: Path) -> None:
    launch = build_launch("--silent")

    with (
        pytest.raises(RunEnded, match=r"vLLM does not answer after 1 s \(--timeout\)"),
        monitor_shutdown() as monitor,
        run_vllm(launch, monitor, tmp_path / "log", lambda *_: None) as vllm,
    ):
        vllm.wait_until_ready(monitor, 1)


def test_another_server_on_the_port_is_not_ready(tmp_path: Path) -> None:
    with (
        pytest.raises(RunEnded, match="does not serve wanted after 1 s"),
        monitor_shutdown() as monitor,
        run_vllm(build_launch(name="wanted"), monitor, tmp_path / "log", lambda *_: None) as vllm,
    ):
        vllm.wait_until_ready(monitor, 1)


NO_TEMPLATE = "As of transformers v4.44, default chat template is no longer allowed"


def await_ready(folder: Path, *options: str, check: ReadyCheck = ReadyCheck.CHAT) -> str:
    """Return the message of a start, or an empty string if the vLLM becomes ready."""
    with monitor_shutdown() as monitor, run_vllm(build_launch(*options), monitor, folder / "log", lambda *_: None) as v:
        try:
            v.wait_until_ready(monitor, 30, check)
        except RunEnded as ending:
            return str(ending)
    return ""


def test_a_server_that_refuses_every_chat_is_not_ready(tmp_path: Path) -> None:
    message = await_ready(tmp_path, "--refuse-chats", "400", NO_TEMPLATE)

    assert message.splitlines() == [
        "vLLM is not ready: the model has no chat template, so it refuses every chat",
        "what to do: add --chat-template FILE after --; for text completions only, add --ready-check completions",
        f"  | POST /tokenize: HTTP 400: {NO_TEMPLATE}",
        f"the whole log: {tmp_path}/log",
    ]


@pytest.mark.parametrize("check", [ReadyCheck.COMPLETIONS, ReadyCheck.NONE])
def test_a_base_model_is_ready_by_another_check(tmp_path: Path, check: ReadyCheck) -> None:
    assert await_ready(tmp_path, "--refuse-chats", "400", NO_TEMPLATE, check=check) == ""


def test_death_at_the_first_request_is_reported_with_its_cause(tmp_path: Path) -> None:
    message = await_ready(tmp_path, "--die-on", "/v1/chat/completions", "kvoom.log")

    assert message.startswith("vLLM did not start: a cache of 200.0 GiB does not fit")


def test_a_signal_during_the_check_ends_the_start(tmp_path: Path) -> None:
    def send_signal(stage: str, _: float | None) -> None:
        if stage == "requesting an answer":
            os.kill(os.getpid(), signal.SIGTERM)

    with (
        monitor_shutdown() as monitor,
        run_vllm(build_launch("--hang"), monitor, tmp_path / "log", send_signal) as vllm,
        pytest.raises(RunEnded, match="SIGTERM: stopping"),
    ):
        vllm.wait_until_ready(monitor, 60)

"""A named vLLM's folder, and whether it runs."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.instance import Instance, State, instances, state_home

STATE = State(7, "http://127.0.0.1:8000", "m", "/a/vllm.log", 1.5)
HOLD = """
import os, sys
from prompt_policy.launcher.instance import Instance
with Instance("it", os.environ).claimed():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path)}


def test_a_state_is_read_back_and_changed_in_part(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    assert instance.read() is None

    instance.write(STATE)
    instance.update(phase="ready", stage="x")

    state = instance.read()
    assert state is not None
    assert (state.phase, state.stage, state.pid) == ("ready", "x", 7)


def test_folder_and_files_belong_to_their_owner_only(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.write(STATE)

    assert stat.S_IMODE(instance.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((instance.folder / "state.json").stat().st_mode) == 0o600


def test_a_folder_that_others_may_read_is_closed(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.folder.mkdir(parents=True, mode=0o755)

    instance.write(STATE)

    assert stat.S_IMODE(instance.folder.stat().st_mode) == 0o700


def test_a_name_that_is_held_cannot_be_claimed(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    assert not instance.is_running()

    with instance.claimed():
        instance.write(STATE)
        assert instance.is_running()
        with pytest.raises(UsageError, match=r"'it' is running \(pid 7, http.*vllm stop it"), instance.claimed():
            pass

    assert not instance.is_running()


def test_the_death_of_its_holder_frees_a_name(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], env=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert instance.is_running()
        holder.kill()

    assert not instance.is_running()
    with instance.claimed():
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"other": 1}'])
def test_a_state_of_another_form_is_none(home: dict[str, str], text: str) -> None:
    instance = Instance("it", home)
    instance.write(STATE)
    (instance.folder / "state.json").write_text(text)

    assert instance.read() is None


def test_names_that_have_a_state_are_listed(home: dict[str, str]) -> None:
    assert instances(home) == []
    for name in ("b", "a"):
        Instance(name, home).write(STATE)

    assert [instance.name for instance in instances(home)] == ["a", "b"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "a b"])
def test_a_name_is_no_path(home: dict[str, str], name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        Instance(name, home)


def test_the_home_is_where_xdg_says() -> None:
    assert state_home({"XDG_STATE_HOME": "/s"}) == Path("/s/prompt-policy/vllm")
    assert state_home({}) == Path("~/.local/state/prompt-policy/vllm").expanduser()


def test_changes_from_several_threads_do_not_undo_each_other(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.write(STATE)

    def change(**part: str) -> None:
        for number in range(50):
            instance.update(**{key: f"{value} {number}" for key, value in part.items()})

    threads = [threading.Thread(target=change, kwargs={key: key}) for key in ("stage", "ending")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    state = instance.read()
    assert state is not None
    assert (state.stage, state.ending) == ("stage 49", "ending 49")


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="Not a directory: set XDG_STATE_HOME"):
        Instance("it", {"XDG_STATE_HOME": str(tmp_path / "file")}).write(STATE)


def test_the_folders_around_it_are_closed_too(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.folder.parent.mkdir(parents=True)
    for folder in instance.folder.parents[:2]:
        folder.chmod(0o777)

    with instance.claimed():
        instance.write(STATE)

    assert {stat.S_IMODE(folder.stat().st_mode) for folder in instance.folder.parents[:2]} == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in instance.folder.iterdir()} == {0o600}

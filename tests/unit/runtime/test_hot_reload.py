"""Policies that are reloaded when their files change."""

from __future__ import annotations

import gc
import logging
import os
import resource
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_policy import LoadError, UsageError, load_paths
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime import hot_reload as module
from prompt_policy.runtime.hot_reload import DEFAULT_POLL_INTERVAL_S, RETRY_EVERY_POLLS, StaticPolicies, WatchedPolicies

TEXT = """version: 1
name: {name}
rules: [{{name: cool, kind: clamp, parameters: {{temperature: {{max: {maximum}}}}}}}]
"""
DOUBLED = "version: 1\nname: b\nrules: []\n"


def write(folder: Path, name: str, maximum: float = 0.7) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(TEXT.format(name=name, maximum=maximum))
    return file


def hashes(policies: PolicySet) -> dict[str, str]:
    return {policy.name: policy.hash for policy in policies.policies}


def poll_twice(watched: WatchedPolicies[dict[str, str]]) -> dict[str, str]:
    """Poll twice, because two polls must agree, and return the current policies."""
    watched.poll()
    watched.poll()
    return watched.current


@pytest.fixture
def watched(tmp_path: Path) -> WatchedPolicies[dict[str, str]]:
    write(tmp_path, "a")
    write(tmp_path, "b")
    return WatchedPolicies([tmp_path], hashes)


def test_changed_added_and_removed_files_are_loaded(watched: WatchedPolicies[dict[str, str]], tmp_path: Path) -> None:
    first = poll_twice(watched)
    write(tmp_path, "a", 0.65)
    second = poll_twice(watched)
    assert (second["a"] != first["a"], second["b"]) == (True, first["b"])

    write(tmp_path, "c")
    assert set(poll_twice(watched)) == {"a", "b", "c"}

    (tmp_path / "b.yaml").unlink()
    assert set(poll_twice(watched)) == {"a", "c"}


def test_change_is_loaded_when_two_polls_agree(watched: WatchedPolicies[dict[str, str]], tmp_path: Path) -> None:
    first = watched.current
    write(tmp_path, "a", 0.65)
    watched.poll()
    write(tmp_path, "a", 0.6456)
    watched.poll()
    assert watched.current is first
    watched.poll()
    assert watched.current["a"] != first["a"]


@pytest.mark.parametrize("text", ["version: 1\nname: a\nrulez: []\n", "{", "", "\x00", DOUBLED])
def test_invalid_file_is_rejected_and_logged_once(
    watched: WatchedPolicies[dict[str, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    first = watched.current
    (tmp_path / "a.yaml").write_text(text)
    with caplog.at_level(logging.ERROR, "prompt_policy"):
        for _ in range(5):
            assert poll_twice(watched) is first
    [record] = caplog.records
    assert f"{tmp_path}/" in record.getMessage()

    write(tmp_path, "a", 0.65)
    assert poll_twice(watched)["a"] != first["a"]


def test_same_error_is_not_logged_again_for_another_file(
    watched: WatchedPolicies[dict[str, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text("{")
    poll_twice(watched)
    (tmp_path / "b.yaml").unlink()
    poll_twice(watched)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_reverted_invalid_edit_keeps_policies(watched: WatchedPolicies[dict[str, str]], tmp_path: Path) -> None:
    first = watched.current
    kept = tmp_path / "kept"
    (tmp_path / "a.yaml").rename(kept)
    (tmp_path / "a.yaml").write_text("{")
    assert poll_twice(watched) is first
    kept.rename(tmp_path / "a.yaml")
    assert poll_twice(watched) is first
    write(tmp_path, "a", 0.65)
    assert poll_twice(watched)["a"] != first["a"]


def test_rejected_file_is_retried_periodically(
    watched: WatchedPolicies[dict[str, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without free file descriptors a process cannot read even a valid file."""
    file = tmp_path / "a.yaml"
    alone = WatchedPolicies([file], hashes)
    first = alone.current
    write(tmp_path, "a", 0.65)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        assert poll_twice(alone) is first
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    [record] = caplog.records
    assert record.getMessage().endswith("a.yaml: cannot be read: Too many open files")

    for _ in range(RETRY_EVERY_POLLS):
        alone.poll()
    assert alone.current != first


def test_temporarily_unlistable_folder_keeps_policies(
    watched: WatchedPolicies[dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    first = watched.current
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        assert poll_twice(watched) is first
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (poll_twice(watched), caplog.records) == (first, [])


def test_deleted_and_recreated_folder_is_followed(watched: WatchedPolicies[dict[str, str]], tmp_path: Path) -> None:
    first = watched.current
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    assert poll_twice(watched) is first
    away.rename(tmp_path)
    write(tmp_path, "a", 0.65)
    assert poll_twice(watched)["a"] != first["a"]


def test_extended_file_is_watched(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    base = write(tmp_path / "below", "base")
    (tmp_path / "heir.yaml").write_text("version: 1\nname: heir\nextends: below/base.yaml\n")
    watched = WatchedPolicies([tmp_path / "heir.yaml"], hashes)
    first = watched.current
    base.write_text(TEXT.format(name="base", maximum=0.65))
    assert poll_twice(watched)["heir"] != first["heir"]


def test_swapped_symlink_is_a_change(tmp_path: Path) -> None:
    for version, maximum in (("..v1", 0.7), ("..v2", 0.65)):
        (tmp_path / version).mkdir()
        write(tmp_path / version, "a", maximum)
        os.utime(tmp_path / version / "a.yaml", ns=(0, 0))
    (tmp_path / "..data").symlink_to("..v1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    watched = WatchedPolicies([tmp_path], hashes)
    first = watched.current
    (tmp_path / "..new").symlink_to("..v2")
    (tmp_path / "..new").rename(tmp_path / "..data")  # as Kubernetes swaps a ConfigMap
    assert poll_twice(watched)["a"] != first["a"]


def test_set_that_build_rejects_is_not_loaded(tmp_path: Path) -> None:
    def build(policies: PolicySet) -> str:
        return policies.get("bound").hash

    write(tmp_path, "other")
    bound = write(tmp_path, "bound")
    watched = WatchedPolicies([tmp_path], build)
    first = watched.current
    bound.unlink()
    watched.poll()
    watched.poll()
    assert watched.current == first


def test_invalid_first_set_raises(tmp_path: Path) -> None:
    with pytest.raises(LoadError):
        WatchedPolicies([tmp_path / "none"], hashes)
    write(tmp_path, "a")

    def build(_policies: PolicySet) -> str:
        raise UsageError("no")

    with pytest.raises(UsageError):
        WatchedPolicies([tmp_path], build)


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prompt-policy-reload"]


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_polling_starts_on_first_use_and_ends_with_the_object(tmp_path: Path) -> None:
    before = set(_threads())
    write(tmp_path, "a")
    watched: WatchedPolicies[dict[str, str]] | None = WatchedPolicies([tmp_path], hashes)
    assert watched is not None
    assert set(_threads()) == before
    first = watched.current
    assert watched.current is first
    [thread] = set(_threads()) - before

    write(tmp_path, "a", 0.65)
    _wait_for(lambda: watched is not None and watched.current != first)

    watched = None
    gc.collect()
    _wait_for(lambda: not thread.is_alive())


@pytest.mark.parametrize(("duration_s", "interval_s"), [(0.0, 0.25), (0.001, 0.25), (0.016, 2.0), (0.16, 20.0)])
def test_slow_polls_lengthen_the_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, duration_s: float, interval_s: float
) -> None:
    write(tmp_path, "a")
    watched = WatchedPolicies([tmp_path], hashes)
    clock = iter([10.0, 10.0 + duration_s])
    monkeypatch.setattr(module, "thread_time", lambda: next(clock))
    watched.poll()
    assert watched.interval_s == pytest.approx(interval_s)


def test_loading_does_not_lengthen_the_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def build(policies: PolicySet) -> dict[str, str]:
        now[0] += 60
        return hashes(policies)

    write(tmp_path, "a")
    watched = WatchedPolicies([tmp_path], build)
    monkeypatch.setattr(module, "thread_time", lambda: now[0])
    first = watched.current
    write(tmp_path, "a", 0.65)
    assert poll_twice(watched) != first
    assert watched.interval_s == DEFAULT_POLL_INTERVAL_S


def test_polling_waits_for_the_current_interval(tmp_path: Path) -> None:
    class CountedWaits(threading.Event):
        """An event that is set from the third wait on, without waiting."""

        def __init__(self) -> None:
            super().__init__()
            self.timeouts: list[float | None] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.timeouts.append(timeout)
            return len(self.timeouts) == 3

    write(tmp_path, "a")
    watched: WatchedPolicies[object] = WatchedPolicies([tmp_path], hashes)
    intervals = iter([0.5, 3.0])

    def poll() -> None:
        watched.interval_s = next(intervals)

    watched.poll = poll  # type: ignore[method-assign]  # the files are irrelevant here
    stopped = CountedWaits()
    module._poll_forever(weakref.ref(watched), stopped)
    assert stopped.timeouts == [DEFAULT_POLL_INTERVAL_S, 0.5, 3.0]


def test_set_loaded_through_symlinks_detects_changes(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file = write(tmp_path / "real", "a")
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "real" / "again.yaml").symlink_to("a.yaml")
    watched = WatchedPolicies([tmp_path / "real", tmp_path / "linked", file], hashes)
    assert set(watched.current) == {"a"}
    assert watched.is_fresh
    write(tmp_path / "real", "a", 0.65)
    assert not watched.is_fresh


def test_static_policies_return_their_value() -> None:
    assert StaticPolicies(3).current == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "rules: [{name: a, kind: append_suffix, text: {en: A, zh: B}}]",
            "rules: [{name: a, kind: append_suffix, text: {zh: B, en: A}}]",
        ),
        ("tasks: {x: {any: [u]}, y: {any: [u, v]}}\nrules: []", "tasks: {y: {any: [u, v]}, x: {any: [u]}}\nrules: []"),
    ],
)
def test_a_change_of_order_is_loaded(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"version: 1\nname: a\n{before}\n")
    watched = WatchedPolicies([file], hashes)
    first = poll_twice(watched)
    file.write_text(f"version: 1\nname: a\n{after}\n")
    assert poll_twice(watched) != first
    assert poll_twice(watched) == hashes(load_paths([file]))

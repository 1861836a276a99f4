"""Policies that are reloaded when their files change: a valid set replaces the old one as a whole.

A thread polls the files four times a second. Polling, unlike inotify, works for Kubernetes ConfigMap swaps, network
drives, and folders that are deleted and recreated. A change is loaded once two polls agree, so that a file is not read
while it is being written. A rejected set is retried periodically, because the cause may be external: a failing disk, or
a process without free file descriptors.

If there are many files, the interval grows, so that polling takes at most a hundredth of a core: about a hundred files
are still polled four times a second, a thousand about every two seconds. A change takes effect after two polls.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import thread_time
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from prompt_policy.errors import PromptPolicyError
from prompt_policy.policy.fingerprint import Fingerprint, fingerprint
from prompt_policy.policy.loader import list_files, load_paths
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime.metrics import count_reload

log = logging.getLogger("prompt_policy")

DEFAULT_POLL_INTERVAL_S: Final = 0.25
MAX_SHARE_OF_CORE: Final = 0.008
"""Processor time that a poll may take, per second of the interval; waking up takes some as well."""
RETRY_EVERY_POLLS: Final = 40
"""Number of polls between two attempts to load a rejected set."""
Compiled = TypeVar("Compiled")
Provided_co = TypeVar("Provided_co", covariant=True)
Snapshot: TypeAlias = Mapping[Path, Fingerprint | None]
"""The fingerprints of all files at one poll."""


class PolicyProvider(Protocol[Provided_co]):
    """Provides a host with the policies that are valid now; a host reads ``current`` once per request."""

    @property
    def current(self) -> Provided_co: ...


class StaticPolicies(Generic[Compiled]):
    """Policies that never change."""

    def __init__(self, compiled: Compiled) -> None:
        self.current = compiled


class WatchedPolicies(Generic[Compiled]):
    """Compiled policies of files that are reloaded on change; may be used from any thread and by forked processes.

    Arguments:
        paths: files, folders and shipped names, at least one.
        build: compiles a set; raises PromptPolicyError if the set is invalid.

    Raise LoadError or UsageError if the first set is invalid. Later invalid sets are rejected with a log line.
    """

    def __init__(self, paths: Sequence[str | Path], build: Callable[[PolicySet], Compiled]) -> None:
        self._paths = tuple(paths)
        self._build = build
        self._policies = load_paths(self._paths)
        self._current = build(self._policies)
        self._loaded: Snapshot = self._policies.fingerprints
        self._rejected: Snapshot | None = None
        self._pending: Snapshot | None = None
        self._polls = 0
        self.interval_s = DEFAULT_POLL_INTERVAL_S
        """Time until the next poll; proportional to the duration of the last one."""
        self._last_error = ""
        self._process: int | None = None
        self._start_lock = threading.Lock()

    @property
    def current(self) -> Compiled:
        """The last valid set. The first access in each process starts the polling thread."""
        if self._process != os.getpid():
            self._start_polling()
        return self._current

    @property
    def is_fresh(self) -> bool:
        """Whether the files are still those that were loaded last."""
        return self._take_snapshot() == self._loaded

    def poll(self) -> None:
        """Check the files once; load a change that the previous poll has already seen."""
        self._polls += 1
        start = thread_time()
        snapshot = self._take_snapshot()
        self.interval_s = max(DEFAULT_POLL_INTERVAL_S, (thread_time() - start) / MAX_SHARE_OF_CORE)
        if snapshot == self._rejected and self._polls % RETRY_EVERY_POLLS == 0:
            self._reload(snapshot)
        elif snapshot in (self._loaded, self._rejected):
            self._pending = None
        elif snapshot != self._pending:
            self._pending = snapshot
        else:
            self._reload(snapshot)

    def _take_snapshot(self) -> Snapshot:
        # ``stamps`` adds the files that others extend, which need not be below the paths; listing finds new files.
        return {path: fingerprint(path) for path in {*list_files(self._paths), *self._policies.fingerprints}}

    def _reload(self, snapshot: Snapshot) -> None:
        self._pending = None
        try:
            policies = load_paths(self._paths)
            compiled = self._current if _are_equal(policies, self._policies) else self._build(policies)
        except PromptPolicyError as error:
            self._rejected = snapshot
            if str(error) != self._last_error:
                self._last_error = str(error)
                count_reload("refused")
                log.error("changed policy files are invalid; the last valid policies stay active:\n%s", error)
            return
        before, self._policies, self._current = self._policies, policies, compiled
        self._loaded, self._rejected, self._last_error = policies.fingerprints, None, ""
        count_reload("loaded")
        log.info("policy files reloaded: %s", "; ".join(_describe_changes(before, policies)) or "no policy changed")

    def _start_polling(self) -> None:
        with self._start_lock:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            stopped = threading.Event()
            weakref.finalize(self, stopped.set)
            thread = threading.Thread(
                target=_poll_forever, args=(weakref.ref(self), stopped), name="prompt-policy-reload", daemon=True
            )
            thread.start()


def _poll_forever(get_policies: Callable[[], WatchedPolicies[object] | None], stopped: threading.Event) -> None:
    """Poll the files of some policies until these are garbage-collected."""
    last_error: str | None = None
    interval_s = DEFAULT_POLL_INTERVAL_S
    while not stopped.wait(interval_s):
        policies = get_policies()
        if policies is None:
            return
        try:
            policies.poll()
        except Exception as error:
            if repr(error) != last_error:
                log.exception("policy files could not be checked; the last valid policies stay active")
            last_error = repr(error)
        interval_s = policies.interval_s
        del policies


def _are_equal(one: PolicySet, other: PolicySet) -> bool:
    """Return whether two sets are equal, including the order of keys, which the comparison of models ignores."""
    if one.policies != other.policies or one.files != other.files:
        return False
    return [policy.hash for policy in one.policies] == [policy.hash for policy in other.policies]


def _describe_changes(before: PolicySet, after: PolicySet) -> Iterable[str]:
    old = {policy.name: policy.hash for policy in before.policies}
    new = {policy.name: policy.hash for policy in after.policies}
    for name, digest in new.items():
        if name not in old:
            yield f"{name}@{digest} added"
        elif old[name] != digest:
            yield f"{name}@{digest} replaces {old[name]}"
    yield from (f"{name} removed" for name in old if name not in new)

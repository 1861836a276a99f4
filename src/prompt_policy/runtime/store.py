"""Policies that follow their files: a changed set replaces the old one whole, and a broken one never does.

Files are looked at, by a thread, four times a second rather than watched by the system: that sees a Kubernetes
ConfigMap being swapped, network drives, and folders that come and go. A change counts once two looks agree, so
that a file is not read while it is being written. What was refused is tried again now and then, for the reason may
have been in no file: a disk that fails, or a process that has no file descriptor left.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from prompt_policy.errors import PromptPolicyError
from prompt_policy.policy.load import listed_files, load_paths
from prompt_policy.policy.select import PolicySet
from prompt_policy.policy.stamp import Stamp, stamp_of
from prompt_policy.runtime.metrics import count_reload

log = logging.getLogger("prompt_policy")

LOOK_EVERY_S: Final = 0.25
TRY_AGAIN_EVERY: Final = 40
"""Looks from one try of what was refused to the next."""
Compiled = TypeVar("Compiled")
Given_co = TypeVar("Given_co", covariant=True)
Look = Mapping[Path, Stamp | None]


class Source(Protocol[Given_co]):
    """Where a host gets its policies from, for each request anew."""

    @property
    def current(self) -> Given_co: ...


class Fixed(Generic[Compiled]):
    """Policies that stay as they are."""

    def __init__(self, compiled: Compiled) -> None:
        self.current = compiled


class Store(Generic[Compiled]):
    """Policies of some files, compiled. ``current`` may be asked from any thread, and by a forked process.

    Arguments:
        paths: files, folders and shipped names, at least one.
        build: compiles a set; a PromptPolicyError that it raises means that the set cannot be used.

    Raise LoadError or UsageError where the first set cannot be used; later ones are refused with a line in the log.
    """

    def __init__(self, paths: Sequence[str | Path], build: Callable[[PolicySet], Compiled]) -> None:
        self._paths = tuple(paths)
        self._build = build
        self._policies = load_paths(self._paths)
        self._current = build(self._policies)
        self._seen = self._policies.stamps
        self._refused: Look | None = None
        self._coming: Look | None = None
        self._looks = 0
        self._told = ""
        self._process: int | None = None
        self._starting = threading.Lock()

    @property
    def current(self) -> Compiled:
        """The last set that could be used. The first time it is asked in a process, the watch begins."""
        if self._process != os.getpid():
            self._watch()
        return self._current

    @property
    def is_fresh(self) -> bool:
        """Whether the files are still those that were read last."""
        return self._look() == self._seen

    def look(self) -> None:
        """Look at the files once; take a change over that the look before has seen as well."""
        self._looks += 1
        now = self._look()
        if now == self._refused and self._looks % TRY_AGAIN_EVERY == 0:
            self._reload(now)
        elif now in (self._seen, self._refused):
            self._coming = None
        elif now != self._coming:
            self._coming = now
        else:
            self._reload(now)

    def _look(self) -> Look:
        # Files that others extend need not be listed; one that is new appears in the list.
        return {path: stamp_of(path) for path in {*listed_files(self._paths), *self._policies.stamps}}

    def _reload(self, now: Look) -> None:
        self._coming = None
        try:
            policies = load_paths(self._paths)
            same = policies.policies == self._policies.policies and policies.files == self._policies.files
            compiled = self._current if same else self._build(policies)
        except PromptPolicyError as error:
            self._refused = now
            if str(error) != self._told:
                self._told = str(error)
                count_reload("refused")
                log.error("the policies' files were changed and cannot be used; the last good ones stay:\n%s", error)
            return
        before, self._policies, self._current = self._policies, policies, compiled
        self._seen, self._refused, self._told = policies.stamps, None, ""
        count_reload("loaded")
        log.info("the policies' files were changed: %s", "; ".join(_changes(before, policies)) or "nothing to tell")

    def _watch(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            stopped = threading.Event()
            weakref.finalize(self, stopped.set)
            thread = threading.Thread(
                target=_look_on, args=(weakref.ref(self), stopped), name="prompt-policy-reload", daemon=True
            )
            thread.start()


def _look_on(store_of: Callable[[], Store[object] | None], stopped: threading.Event) -> None:
    """Look at a store's files until it is gone."""
    told: str | None = None
    while not stopped.wait(LOOK_EVERY_S):
        store = store_of()
        if store is None:
            return
        try:
            store.look()
        except Exception as error:
            if repr(error) != told:
                log.exception("the policies' files could not be looked at; the last good ones stay")
            told = repr(error)
        del store


def _changes(before: PolicySet, after: PolicySet) -> Iterable[str]:
    old = {policy.name: policy.hash for policy in before.policies}
    new = {policy.name: policy.hash for policy in after.policies}
    for name, digest in new.items():
        if name not in old:
            yield f"{name}@{digest} is new"
        elif old[name] != digest:
            yield f"{name}@{digest} in place of {old[name]}"
    yield from (f"{name} is gone" for name in old if name not in new)

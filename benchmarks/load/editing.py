"""Edits the policies under load, and waits until every worker of the proxy has logged the change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from benchmarks.load.policies import PolicyFolder
from tests.support.litellm_proxy import Proxy

_DEADLINE_S: Final = 90.0
_REJECTED: Final = "changed policy files are invalid"


class Editor:
    """Edits the policies of a proxy in rounds; a round ends with a valid version."""

    def __init__(self, policies: PolicyFolder, proxy: Proxy, workers: int) -> None:
        self._policies = policies
        self._proxy = proxy
        self._workers = workers
        self.rounds = 0

    async def run(self, stopped: asyncio.Event, pause_s: float) -> None:
        """Edit, break, delete and restore the policies in turn, until ``stopped`` is set."""
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            self.write_valid, self.write_broken, self.write_valid, self.replace_other, self.edit_rapidly
        )  # fmt: skip
        while not stopped.is_set():
            for step in steps:
                await step()
                await asyncio.sleep(pause_s)
            self.rounds += 1

    async def write_valid(self) -> None:
        """Write a valid version. Once every worker has loaded it, no older one may be applied."""
        await self._edit_and_wait(lambda: self._policies.edit(in_place=self.rounds % 2 == 1))

    async def write_broken(self) -> None:
        """Write a broken version, and wait until every worker has rejected it."""
        await self._change_and_wait(_REJECTED, lambda: self._policies.write_broken(in_place=self.rounds % 2 == 0))

    async def replace_other(self) -> None:
        """Delete the other policy and restore it."""
        await self._change_and_wait("other removed", lambda: self._policies.delete("other"))
        await self._change_and_wait(" added", self._policies.restore)

    async def edit_rapidly(self) -> None:
        """Write valid and broken versions several times a second."""
        for number in range(8):
            if number % 3 == 2:
                self._policies.write_broken()
            else:
                self._policies.edit()
            await asyncio.sleep(0.15)
        await self.write_valid()

    async def _edit_and_wait(self, edit: Callable[[], str]) -> None:
        offset = self._read_log_size()
        name = edit()
        await self._await_log(f"{name} replaces", offset)
        self._policies.floor = self._policies.valid[name].number

    async def _change_and_wait(self, line: str, edit: Callable[[], None]) -> None:
        offset = self._read_log_size()
        edit()
        await self._await_log(line, offset)

    def _read_log_size(self) -> int:
        return self._proxy.log_file.stat().st_size

    async def _await_log(self, line: str, offset: int) -> None:
        """Wait until every worker has logged a line. Raise TimeoutError if one does not."""
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            with self._proxy.log_file.open("rb") as log:
                log.seek(offset)
                if log.read().count(line.encode()) >= self._workers:
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"not every worker logged {line!r} within {_DEADLINE_S:.0f} s")
            await asyncio.sleep(0.05)

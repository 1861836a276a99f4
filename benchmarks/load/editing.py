"""Editing the policies under load, and waiting until every worker of the proxy has followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from benchmarks.load.policies import Policies
from tests.e2e.proxy import Proxy

_DEADLINE_S: Final = 90.0
_REFUSED: Final = "cannot be used; the last good ones stay"


class Editor:
    """Edits the policies of a proxy that has so many workers."""

    def __init__(self, policies: Policies, proxy: Proxy, workers: int) -> None:
        self._policies = policies
        self._proxy = proxy
        self._workers = workers
        self.rounds = 0

    async def run(self, stopped: asyncio.Event, pause_s: float) -> None:
        """Edit, break, mend and delete in turn until told to stop; every round ends with a good version."""
        steps: tuple[Callable[[], Awaitable[None]], ...] = (self.good, self.broken, self.mended, self.gone, self.burst)
        while not stopped.is_set():
            for step in steps:
                await step()
                await asyncio.sleep(pause_s)
            self.rounds += 1

    async def good(self) -> None:
        """Write a good version; from when every worker has it, none may use an older one."""
        await self._followed(lambda: self._policies.edit(in_place=self.rounds % 2 == 1))

    async def broken(self) -> None:
        """Write a broken version, and see it refused by every worker."""
        await self._told(_REFUSED, lambda: self._policies.break_(in_place=self.rounds % 2 == 0))

    async def mended(self) -> None:
        """Delete the policy that a deployment is bound to, see that refused as well, and write it anew."""
        await self._told(_REFUSED, lambda: self._policies.delete("main"))
        await self.good()

    async def gone(self) -> None:
        """Delete the other policy and bring it back."""
        await self._told("other is gone", lambda: self._policies.delete("other"))
        await self._told("is new", self._policies.restore)

    async def burst(self) -> None:
        """Edit several times a second, for good and for bad."""
        for number in range(8):
            if number % 3 == 2:
                self._policies.break_()
            else:
                self._policies.edit()
            await asyncio.sleep(0.15)
        await self.good()

    async def _followed(self, edit: Callable[[], str]) -> None:
        offset = self._size()
        name = edit()
        await self._seen(f"{name} in place of", offset)
        self._policies.floor = self._policies.valid[name].number

    async def _told(self, line: str, edit: Callable[[], None]) -> None:
        offset = self._size()
        edit()
        await self._seen(line, offset)

    def _size(self) -> int:
        return self._proxy.log_file.stat().st_size

    async def _seen(self, line: str, offset: int) -> None:
        """Wait until every worker has logged a line. Raise TimeoutError."""
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            with self._proxy.log_file.open("rb") as log:
                log.seek(offset)
                if log.read().count(line.encode()) >= self._workers:
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"not every worker said {line!r} in {_DEADLINE_S:.0f} s")
            await asyncio.sleep(0.05)

"""Use the synchronous and the asynchronous client of an SDK in the same words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


async def resolve(value: Any) -> Any:
    """Return the result of a call, awaited if the client is asynchronous."""
    return await value if hasattr(value, "__await__") else value


async def iterate(stream: Any) -> AsyncIterator[Any]:
    """Yield the items of a stream of either client."""
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            yield item
    else:
        for item in stream:
            yield item
            await asyncio.sleep(0)

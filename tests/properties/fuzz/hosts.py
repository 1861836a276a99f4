"""The expected result of every host that works on bytes, and a way to run a coroutine without an event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from prompt_policy import Policy
from prompt_policy.wire import Endpoint
from tests.properties.fuzz.answer_properties import check_stream, check_whole
from tests.properties.fuzz.policies import ENFORCED, INEFFECTIVE
from tests.properties.fuzz.properties import check_request

RESOLVERS: Final = {**ENFORCED, **INEFFECTIVE}
POLICIES: Final[dict[str, Policy]] = {name: resolver.policies.policies[0] for name, resolver in RESOLVERS.items()}


def run_without_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("the coroutine waits")


def expect_exchange(
    policy: str, endpoint: Endpoint, body: bytes, answer: bytes, *, streams: bool
) -> tuple[bytes | None, int, bytes]:
    """Return the body that the server must get, and the status and the body that the client must get.

    They come from the exchange, whose properties are checked on the way.
    """
    exchange = check_request(RESOLVERS[policy], endpoint, body)
    if exchange.refusal is not None:
        return None, exchange.refusal.status, exchange.refusal.body
    rewritten = check_stream(exchange, endpoint, answer, ()) if streams else check_whole(exchange, answer)
    return exchange.body, 200, rewritten

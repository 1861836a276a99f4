"""What every host that sees bytes must make of a request and its answer, and a way to run one without a loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from prompt_policy import Policy
from prompt_policy.wire import Endpoint
from tests.fuzz.answer_properties import check_stream, check_whole
from tests.fuzz.policies import ENFORCED, UNTOUCHING
from tests.fuzz.properties import check_request

POLICINGS: Final = {**ENFORCED, **UNTOUCHING}
POLICIES: Final[dict[str, Policy]] = {name: made.policies.policies[0] for name, made in POLICINGS.items()}


def driven(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("it waits for something")


def expected(
    policy: str, endpoint: Endpoint, body: bytes, answer: bytes, *, streams: bool
) -> tuple[bytes | None, int, bytes]:
    """Return the body that the server is to get, and the status and the body that the client is to get.

    What is expected was itself found to keep every property.
    """
    exchange = check_request(POLICINGS[policy], endpoint, body)
    if exchange.refusal is not None:
        return None, exchange.refusal.status, exchange.refusal.body
    read = check_stream(exchange, endpoint, answer, ()) if streams else check_whole(exchange, answer)
    return exchange.body, 200, read

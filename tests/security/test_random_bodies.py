"""Promise: no random request with LiteLLM's own parameters reaches the backend against the policy.

PROMPT_POLICY_TEST_BODIES sets the number of requests, and PROMPT_POLICY_TEST_SEED the seed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import httpx
import pytest

from prompt_policy.litellm.blocked_overrides.keywords import find_keyword
from tests.security.backend_oracle import find_violations
from tests.security.guarded_proxy import GuardedProxy
from tests.security.random_bodies import Draw, draw_requests
from tests.support.litellm_keywords import collect_keywords, find_litellm

BODIES: Final = int(os.environ.get("PROMPT_POLICY_TEST_BODIES", "700"))
SEED: Final = int(os.environ.get("PROMPT_POLICY_TEST_SEED", "1"))
CONCURRENCY: Final = 16
MARK: Final = re.compile(r"#(\d+)#")
NOT_DRAWN: Final = frozenset({"model", "stream", "messages", "input", "prompt", "n", "best_of"})


def list_names() -> list[str]:
    """Return the parameters of LiteLLM, without those for which its proxy rejects every request."""
    from litellm.proxy.auth.auth_utils import _BANNED_REQUEST_BODY_PARAMS
    from litellm.types import utils

    rejected = {*_BANNED_REQUEST_BODY_PARAMS, *getattr(utils, "server_owned_wif_litellm_params", ())}
    return sorted({*collect_keywords(find_litellm())} - rejected - NOT_DRAWN)


def has_only_blocked(draw: Draw) -> bool:
    """Return whether a request has no parameter that could keep a rule from acting."""
    keywords = [find_keyword(name) for name in draw.names]
    return all(keyword is not None and keyword.handling != "harmless" for keyword in keywords)


async def send_all(guarded: GuardedProxy, draws: Sequence[Draw]) -> Counter[int]:
    """Send requests side by side, and return how often each status was returned; 0 is a closed connection."""
    statuses: Counter[int] = Counter()
    queue = list(reversed(draws))

    async def work(client: httpx.AsyncClient) -> None:
        while queue:
            draw = queue.pop()
            try:
                response = await client.post(draw.path, json=draw.body)
                statuses[response.status_code] += 1
            except httpx.TransportError:  # LiteLLM 1.98 closes the connection after some rejections
                statuses[0] += 1

    headers = {"authorization": "Bearer sk-x"}
    async with httpx.AsyncClient(base_url=guarded.proxy.url, headers=headers, timeout=120) as client:
        await asyncio.gather(*(work(client) for _ in range(CONCURRENCY)))
    return statuses


def find_draw(draws: Sequence[Draw], body: dict[str, Any]) -> Draw | None:
    """Return the request of a client to which a backend's request belongs."""
    found = MARK.search(json.dumps(body))
    return draws[int(found[1])] if found else None


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
async def test_no_random_body_reaches_the_backend_against_the_policy(guarded: GuardedProxy) -> None:
    draws = [*draw_requests(list_names(), BODIES, SEED)]
    guarded.backend.bodies.clear()
    guarded.backend.paths.clear()
    statuses = await send_all(guarded, draws)
    received = [*zip(guarded.backend.paths, guarded.backend.bodies, strict=True)]
    violations = []
    for path, body in received:
        draw = find_draw(draws, body)
        if draw is None:
            violations.append(("an unknown request", path, body))
            continue
        violations += [
            (violation, draw.path, draw.body)
            for violation in find_violations(draw, path, body, needs_prefill=has_only_blocked(draw))
        ]
    print(f"{len(draws)} requests, {len(received)} at the backend, statuses {dict(statuses)}")  # noqa: T201 - for -s
    assert violations == []
    assert len(received) > len(draws) / 3, f"too few requests reached the backend: {statuses}"

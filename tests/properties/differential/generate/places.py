"""The order of the cases: every policy on every endpoint and host in each round, some policies more than once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count, product
from typing import Final

from tests.properties.differential.case import ENDPOINTS, HOSTS, Place
from tests.properties.differential.generate.policies import FILTERING

_TIMES: Final = 4
"""How often a round visits a policy that changes answers."""


def build_places(seed: str, policies: Sequence[str], hosts: Sequence[str] = HOSTS) -> Iterator[Place]:
    """Yield places without end; each round visits every policy, endpoint and host in an order of its own."""
    for number in count():
        places = []
        for host, endpoint, policy in product(hosts, ENDPOINTS, policies):
            times = _TIMES if policy in FILTERING else 1
            places += [Place(host, endpoint, policy, number * times + time) for time in range(times)]
        random.Random(f"{seed}/{number}").shuffle(places)
        yield from places

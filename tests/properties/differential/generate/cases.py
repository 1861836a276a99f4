"""A case from a seed and a place: what a client sends, what the host knows, and what the server answers."""

from __future__ import annotations

import random
from typing import Any, Final

from tests.properties.differential.case import PATHS, Case, Place
from tests.properties.differential.generate.answers import build_answer
from tests.properties.differential.generate.policies import FILTERING
from tests.properties.differential.generate.requests import build_body
from tests.properties.fuzz.answers import build_request_body

_RULES: Final = ("temperature", "clamp", "fold", "suffix", "strip", "opened", "tidy", "-")
_PATHS: Final = (
    "/v1/models", "/v1/chat/completions/", "/v1/chat/completions\n", "/chat/completions", "/x/v1/messages", "/",
)  # fmt: skip
_HEADERS: Final = (
    ("x-prompt-policy-task", "math"), ("x-prompt-policy-task", "code"), ("x-prompt-policy-task", "other"),
    ("x-prompt-policy-task", "legal"), ("x-prompt-policy-task", "no name: a prompt"),
    ("x-prompt-policy-skip", "clamp, tidy"), ("x-prompt-policy-skip", "temperature top_p sampling"),
    ("accept-encoding", "gzip, br"), ("authorization", "Bearer x"), ("authorization", "AWS4-HMAC-SHA256 x"),
    ("content-encoding", "identity"), ("content-encoding", "gzip"), ("x-request-id", "7"),
    ("transfer-encoding", "chunked"), ("Accept-Encoding", "gzip"),
)  # fmt: skip


def build_case(seed: str, place: Place) -> Case:
    """Return the case of a place, which is the same for the same seed."""
    rng = random.Random(f"{seed}/{place}")
    is_about_answer = place.policy in FILTERING and rng.random() < 0.6
    body = build_request_body(place.endpoint) if is_about_answer else build_body(rng, place.endpoint)
    path = rng.choice(_PATHS) if rng.random() < 0.03 else PATHS[place.endpoint]
    if place.host.startswith("httpx"):
        path = path.strip()
    headers = [("content-type", "application/json"), *rng.sample(_HEADERS, rng.choice((0, 0, 0, 1, 1, 2)))]
    cuts = sorted(rng.randrange(len(body) + 1) for _ in range(rng.choice((0, 0, 1, 3))))
    pieces = [body[start:end].decode("latin-1") for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    return Case(
        place=place,
        method="GET" if rng.random() < 0.01 else "POST",
        path=path,
        headers=tuple(headers),
        pieces=tuple(pieces),
        facts=_facts(rng),
        answer=build_answer(rng, place.endpoint, place.host),
    )


def _facts(rng: random.Random) -> dict[str, Any]:
    """Return what a host knows of a request beside its body."""
    choices: dict[str, tuple[Any, ...]] = {
        "model": ("deepseek-ai/DeepSeek-R1", "m", "Qwen/Qwen3-8B"),
        "task": ("math", "code", "other", "legal", "Is this a name?"),
        "has_reasoning_parser": (True, False),
        "tags": (["x"], [], ["y", "x"]),
        "metadata": ({"task": 1}, {"tier": "free"}, {}),
        "team": ("red",),
        "key_alias": ("ci",),
        "skips": ([rng.choice(_RULES)], list(_RULES)),
        "may_skip": (["clamp"], [], list(_RULES)),
    }
    return {name: rng.choice(choices[name]) for name in rng.sample(list(choices), rng.choice((0, 0, 1, 2, 4)))}

"""Random requests with parameters of LiteLLM's own, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from tests.security.guarded_proxy import BODIES, EVIL
from tests.security.keyword_values import VALUES

_TURN = {"role": "system", "content": EVIL}
_POOL: Sequence[Any] = (
    True, True, True, False, None, 0, 1, 2.0, 99, "", "other", "true", EVIL, "azure", "azure/other", "hosted_vllm/lax",
    [], ["other"], ["temperature", "max_tokens"], [_TURN], _TURN, {}, {"model": "other"}, {"temperature": 2},
    {"model": "other", "messages": [_TURN], "temperature": 2, "max_tokens": 99}, {"strict": "other"},
    [{"model": "other"}],
)  # fmt: skip
_CONTAINERS: Final = ("extra_body", "metadata", "litellm_metadata", "litellm_params", "model_info", "optional_params")
_ALIASES: Final = ("strict",) * 7 + ("own-texts", "azure-strict", "unknown")
_MAX_NAMES: Final = 6


class Draw(NamedTuple):
    """A random request.

    Attributes:
        path: the path of its endpoint.
        alias: the public name of its model.
        body: its body, whose first user text is ``mark``.
        names: the names of the drawn parameters.
        mark: a text that identifies the request at the backend.
    """

    path: str
    alias: str
    body: dict[str, Any]
    names: frozenset[str]
    mark: str


def draw_requests(names: Sequence[str], count: int, seed: int) -> Iterator[Draw]:
    """Yield random requests with up to six of these parameters each."""
    source = random.Random(seed)
    for number in range(count):
        alias = source.choice(_ALIASES)
        path = source.choice([*BODIES]) if alias != "azure-strict" else "/v1/chat/completions"
        chosen = source.sample(names, source.randint(1, _MAX_NAMES))
        mark = f"#{number}#"
        body = {"model": alias, "stream": source.random() < 0.5, **_replace_text(BODIES[path], mark)}
        for name in chosen:
            _place(body, name, _draw_value(source, name), source)
        yield Draw(path, alias, body, frozenset(chosen), mark)


def _draw_value(source: random.Random, name: str) -> Any:
    return VALUES[name] if name in VALUES and source.random() < 0.6 else source.choice(_POOL)


def _place(body: dict[str, Any], name: str, value: Any, source: random.Random) -> None:
    """Add a parameter to a body: mostly at its top, else in one of the mappings that LiteLLM reads."""
    if source.random() < 0.75:
        body[name] = value
        return
    container = body.setdefault(source.choice(_CONTAINERS), {})
    if isinstance(container, dict):
        container[name] = value


def _replace_text(body: dict[str, Any], text: str) -> dict[str, Any]:
    turns = {"messages": [{"role": "user", "content": text}], "input": text, "prompt": text}
    return {**body, **{name: value for name, value in turns.items() if name in body}}

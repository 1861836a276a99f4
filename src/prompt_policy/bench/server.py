"""What is asked of a server before a run: whether it answers, its model, and what it does with seeds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import aiohttp

from prompt_policy.bench.arms import USAGE, Asking
from prompt_policy.bench.loadgen import Raw, sent
from prompt_policy.bench.plan import Arm, Item, Plan, seed_of
from prompt_policy.bench.questions import Question
from prompt_policy.bench.reading import Told, measured, told
from prompt_policy.errors import ServerError
from prompt_policy.policy.mistakes import near
from prompt_policy.wire.json_bytes import decoded
from prompt_policy.wire.values import Json, JsonObject

_PLAIN_USAGE: Final = {"include_usage": True}
_TOKENS: Final = 16
_UNREADY: Final = (400, 422)


@dataclass(frozen=True)
class Found:
    """What was found out."""

    stream_options: dict[str, bool]
    seeds: str
    token_source: str
    servers: JsonObject


async def examined(session: aiohttp.ClientSession, plan: Plan, question: Question, key: str | None) -> Found:
    """Ask a few short answers of every arm. Raise ServerError where one cannot be measured."""
    options = dict(USAGE)
    servers: JsonObject = {}
    for arm in plan.arms:
        listed = await _listed(session, arm, key)
        raw = await _short(session, Asking(plan, None, key, options), arm, question, 0)
        if raw.status in _UNREADY:  # a server that is strict about what it does not know
            options = dict(_PLAIN_USAGE)
            raw = await _short(session, Asking(plan, None, key, options), arm, question, 0)
        _check(raw, arm, listed)
        version = await _get(session, arm.url.removesuffix("/v1") + "/version", key)
        server = next((value for name, value in raw.headers.items() if name.lower() == "server"), None)
        servers[arm.name] = {
            "url": arm.url,
            "model": arm.model,
            "listed": next((one for one in listed if one.get("id") == arm.model), None),
            "vllm": version.get("version") if isinstance(version, dict) else None,
            "server": server,
        }
    asking = Asking(plan, None, key, options)
    answers = [await _short(session, asking, plan.arms[0], question, sample) for sample in (0, 0, 1, 2)]
    tokens = measured(answers[0], None, _known(plan.arms[0]), 0).tokens_told
    return Found(
        options, seeds_of([told(raw.pieces) for raw in answers], plan), "usage" if tokens else "chunks", servers
    )


def seeds_of(answers: list[Told], plan: Plan) -> str:
    """Tell from four answers, the first two of one seed: honoured, ignored, repeated or not told."""
    first, again, *others = [answer.reasoning + answer.content for answer in answers]
    if plan.parameters.get("temperature") == 0:
        return "not told: at temperature 0 all answers to a question are one"
    if not first or not all(others):
        return "not told: the answers were empty"
    if first != again:
        return "ignored: one seed gives different answers"
    if all(other == first for other in others):
        return "repeated: different seeds give one answer"
    return "honoured"


async def is_alive(session: aiohttp.ClientSession, arm: Arm, key: str | None) -> bool:
    """Tell whether an arm's server still answers, with some patience."""
    for pause in (0.0, 0.5, 1.0):
        await asyncio.sleep(pause)
        if await _get(session, f"{arm.url}/models", key) is not None:
            return True
    return False


async def _listed(session: aiohttp.ClientSession, arm: Arm, key: str | None) -> list[JsonObject]:
    said = await _get(session, f"{arm.url}/models", key)
    rows = said.get("data") if isinstance(said, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


async def _short(session: aiohttp.ClientSession, asking: Asking, arm: Arm, question: Question, sample: int) -> Raw:
    item = Item(question, sample, seed_of(0, "seeds", sample))
    return await sent(session, asking.asked(arm, item, salt=f"examined {sample}", max_tokens=_TOKENS))


def _check(raw: Raw, arm: Arm, listed: list[JsonObject]) -> None:
    if raw.trouble in ("connection", "timeout"):
        raise ServerError(f"arm {arm.name}: nothing answers at {arm.url} ({raw.message}): is the server up?")
    one = measured(raw, None, _known(arm), 0)
    if one.trouble is None:
        return
    names = [str(row.get("id")) for row in listed]
    if raw.status == 404 and names and arm.model not in names:
        raise ServerError(f"arm {arm.name}: {arm.url} has no model '{arm.model}'{near(arm.model, names)}")
    hint = ": does the URL end with /v1?" if raw.status == 404 and not names else ""
    raise ServerError(f"arm {arm.name}: {arm.url}: {one.message}{hint}")


def _known(arm: Arm) -> JsonObject:
    return {"arm": arm.name, "question": "", "sample": 0, "block": 0, "seed": 0}


async def _get(session: aiohttp.ClientSession, url: str, key: str | None) -> Json:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with session.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as response:
            return decoded(await response.read())
    except (aiohttp.ClientError, OSError):
        return None

"""Inspect the servers before a run: whether they answer, their model, and how they treat seeds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import aiohttp

from prompt_policy.bench.dataset.question import Question
from prompt_policy.bench.load.client import RawResponse, send
from prompt_policy.bench.load.requests import DEFAULT_STREAM_OPTIONS, RequestBuilder
from prompt_policy.bench.load.stream_timing import Transcript, measure, parse_transcript
from prompt_policy.bench.plan import Arm, BenchPlan, PlannedRequest, derive_seed
from prompt_policy.errors import ServerError, did_you_mean
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.values import Json, JsonObject

_STANDARD_STREAM_OPTIONS: Final = {"include_usage": True}
_MAX_TOKENS: Final = 16
_VALIDATION_ERRORS: Final = (400, 422)
_NOT_FOUND: Final = 404
_METADATA_TIMEOUT_S: Final = 10


@dataclass(frozen=True)
class ServerProfile:
    """The result of the inspection."""

    stream_options: dict[str, bool]
    seeds: str
    token_source: str
    servers: JsonObject


async def inspect_servers(
    session: aiohttp.ClientSession, plan: BenchPlan, question: Question, key: str | None
) -> ServerProfile:
    """Request a few short answers from every arm. Raise ServerError if an arm cannot be measured."""
    options = dict(DEFAULT_STREAM_OPTIONS)
    servers: JsonObject = {}
    for arm in plan.arms:
        models = await _list_models(session, arm, key)
        raw = await _send_short_request(session, RequestBuilder(plan, {}, key, options), arm, question, 0)
        if raw.status in _VALIDATION_ERRORS:  # a server that rejects unknown stream options
            options = dict(_STANDARD_STREAM_OPTIONS)
            raw = await _send_short_request(session, RequestBuilder(plan, {}, key, options), arm, question, 0)
        _check_response(raw, arm, models)
        servers[arm.name] = await _describe_server(session, arm, key, raw, models)
    builder = RequestBuilder(plan, {}, key, options)
    answers = [await _send_short_request(session, builder, plan.arms[0], question, sample) for sample in (0, 0, 1, 2)]
    seeds = classify_seeds([parse_transcript(raw.pieces) for raw in answers], plan)
    reports_tokens = measure(answers[0], None, _inspection_fields(plan.arms[0]), 0).tokens_reported
    return ServerProfile(options, seeds, "usage" if reports_tokens else "chunks", servers)


async def _describe_server(
    session: aiohttp.ClientSession, arm: Arm, key: str | None, raw: RawResponse, models: list[JsonObject]
) -> JsonObject:
    version = await _get_json(session, arm.url.removesuffix("/v1") + "/version", key)
    return {
        "url": arm.url,
        "model": arm.model,
        "listed": next((model for model in models if model.get("id") == arm.model), None),
        "vllm": version.get("version") if isinstance(version, dict) else None,
        "server": next((value for name, value in raw.headers.items() if name.lower() == "server"), None),
    }


def classify_seeds(answers: list[Transcript], plan: BenchPlan) -> str:
    """Return how a server treats seeds: honoured, ignored, repeated or unknown.

    Arguments:
        answers: four answers to one question, the first two with the same seed.
        plan: the plan of the run, for its temperature.
    """
    first, same_seed, *others = [answer.reasoning + answer.content for answer in answers]
    if plan.parameters.get("temperature") == 0:
        return "unknown: at temperature 0 all answers to a question are identical"
    if not first or not all(others):
        return "unknown: the answers were empty"
    if first != same_seed:
        return "ignored: one seed gives different answers"
    if all(other == first for other in others):
        return "repeated: different seeds give the same answer"
    return "honoured"


async def is_alive(session: aiohttp.ClientSession, arm: Arm, key: str | None) -> bool:
    """Return whether the server of an arm answers one of three requests."""
    for pause_s in (0.0, 0.5, 1.0):
        await asyncio.sleep(pause_s)
        if await _get_json(session, f"{arm.url}/models", key) is not None:
            return True
    return False


async def _list_models(session: aiohttp.ClientSession, arm: Arm, key: str | None) -> list[JsonObject]:
    reply = await _get_json(session, f"{arm.url}/models", key)
    rows = reply.get("data") if isinstance(reply, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


async def _send_short_request(
    session: aiohttp.ClientSession, builder: RequestBuilder, arm: Arm, question: Question, sample: int
) -> RawResponse:
    item = PlannedRequest(question, sample, derive_seed(0, "seeds", sample))
    return await send(session, builder.build(arm, item, salt=f"inspection {sample}", max_tokens=_MAX_TOKENS))


def _check_response(raw: RawResponse, arm: Arm, models: list[JsonObject]) -> None:
    """Raise ServerError, with the likely cause, if a request failed."""
    if raw.failure in ("connection", "timeout"):
        raise ServerError(f"arm {arm.name}: nothing answers at {arm.url} ({raw.message}); is the server running?")
    request = measure(raw, None, _inspection_fields(arm), 0)
    if request.failure is None:
        return
    names = [str(model.get("id")) for model in models]
    if raw.status == _NOT_FOUND and names and arm.model not in names:
        raise ServerError(f"arm {arm.name}: {arm.url} has no model '{arm.model}'{did_you_mean(arm.model, names)}")
    hint = "; does the URL end with /v1?" if raw.status == _NOT_FOUND and not names else ""
    raise ServerError(f"arm {arm.name}: {arm.url}: {request.message}{hint}")


def _inspection_fields(arm: Arm) -> JsonObject:
    return {"arm": arm.name, "question": "", "sample": 0, "block": 0, "seed": 0}


async def _get_json(session: aiohttp.ClientSession, url: str, key: str | None) -> Json:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = aiohttp.ClientTimeout(total=_METADATA_TIMEOUT_S)
    try:
        async with session.get(url, headers=headers, timeout=timeout) as response:
            return load_json(await response.read())
    except (aiohttp.ClientError, OSError):
        return None

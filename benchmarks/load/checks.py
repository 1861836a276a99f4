"""What has to be true of one answer: it is to this request, and all of it obeys the version that its header names."""

from __future__ import annotations

from typing import Final

from benchmarks.load.policies import Policies, Version
from benchmarks.load.traffic import Asked
from prompt_policy.bench.loadgen import Raw
from prompt_policy.decision import HEADER

_ERROR: Final = 'data: {"error"'
_SHOWN: Final = 500


class WrongError(Exception):
    """An answer that is not what it has to be."""


def check(asked: Asked, raw: Raw, policies: Policies | None, floor: int) -> Version | None:
    """Return the version of the policy that an answer obeys, or None for none. Raise WrongError.

    Arguments:
        asked: the request.
        raw: what came.
        policies: the versions that can be in force; None where there is no callback.
        floor: the version that every worker had when the request was sent.
    """
    said = b"".join(raw.pieces).decode(errors="replace")
    version = _named(asked, raw, said, policies, floor)
    match asked.kind.ending:
        case "refused" if version is not None:
            _same((raw.status, version.refusal in said), (400, True), said)
        case "failed":
            _same((raw.status, asked.marker in said), (500, True), said)
        case _:
            _same(raw.status, 200, said)
            _obeys(asked, said, version)
    return version


def _named(asked: Asked, raw: Raw, said: str, policies: Policies | None, floor: int) -> Version | None:
    """Return the version that an answer names, which must be one that may be in force, or none."""
    name = raw.headers.get(HEADER)
    if policies is None or not asked.is_policed:
        _same(name, None)
        return None
    if name is None and asked.kind.ending == "failed":
        return None  # LiteLLM asks for no headers where the backend failed
    version = policies.valid.get(name or "")
    if name is None and asked.kind.ending == "refused":  # nor, before 1.105, where Messages are refused
        version = next((one for one in policies.valid.values() if one.refusal in said), None)
    if version is None:
        raise WrongError(f"policy {name}, which was never in force")
    if version.number < floor:
        raise WrongError(f"version {version.number} after every worker had {floor}")
    return version


def _obeys(asked: Asked, said: str, version: Version | None) -> None:
    """Check the text; one that breaks off has to be the beginning, with LiteLLM's word for why."""
    begun, error, _ = said.partition(_ERROR) if asked.kind.ending == "cut" else (said, "", "")
    expected = asked.answer(version)
    try:
        read = asked.read(begun)
    except (LookupError, ValueError) as unread:
        raise WrongError(f"{unread!r} in {said[-_SHOWN:]!r}") from unread
    if asked.kind.ending != "cut":
        _same(read, expected)
    elif not (error and expected.startswith(read)):
        raise WrongError(f"{said[-_SHOWN:]!r} is not how {expected!r} breaks off")


def _same(found: object, wanted: object, said: str = "") -> None:
    if found != wanted:
        raise WrongError(f"{found!r} in place of {wanted!r} {said[-_SHOWN:]}")

"""Checks that an answer belongs to its request and obeys the policy version in its header as a whole."""

from __future__ import annotations

from typing import Final

from benchmarks.load.policies import PolicyFolder, Version
from benchmarks.load.traffic import LoadRequest
from prompt_policy.bench.load.client import RawResponse
from prompt_policy.runtime.decision import POLICY_HEADER

_ERROR: Final = 'data: {"error"'
_MAX_QUOTED_CHARS: Final = 500


class WrongAnswerError(Exception):
    """An answer that differs from the expected one."""


def check(request: LoadRequest, response: RawResponse, policies: PolicyFolder | None, floor: int) -> Version | None:
    """Return the version of the policy that an answer obeys, or None if no policy applies. Raise WrongAnswerError.

    Arguments:
        request: the request.
        response: its response.
        policies: the versions that may be active; None if the proxy runs without the callback.
        floor: the version that every worker had when the request was sent.
    """
    text = b"".join(response.pieces).decode(errors="replace")
    version = _find_version(request, response, text, policies, floor)
    if _is_cut_early(request, response):
        return version
    match request.kind.ending:
        case "refused" if version is not None:
            _require((response.status, version.refusal in text), (400, True), text)
        case "failed":
            _require((response.status, request.marker in text), (500, True), text)
        case _:
            _require(response.status, 200, text)
            _check_text(request, text, version)
    return version


def _find_version(
    request: LoadRequest, response: RawResponse, text: str, policies: PolicyFolder | None, floor: int
) -> Version | None:
    """Return the version in an answer's header, which must be active, or None if no policy applies."""
    name = response.headers.get(POLICY_HEADER)
    if policies is None or not request.is_covered:
        _require(name, None)
        return None
    if name is None and (request.kind.ending == "failed" or _is_cut_early(request, response)):
        return None  # LiteLLM does not call the header hook if the backend fails
    version = policies.valid.get(name or "")
    if name is None and request.kind.ending == "refused":  # before 1.105, rejected Messages have no header either
        version = next((valid for valid in policies.valid.values() if valid.refusal in text), None)
    if version is None:
        raise WrongAnswerError(f"policy {name} was never active")
    if version.number < floor:
        raise WrongAnswerError(f"version {version.number} was applied after every worker had loaded version {floor}")
    return version


def _is_cut_early(request: LoadRequest, response: RawResponse) -> bool:
    """Return whether the stream broke off before LiteLLM had read a chunk, for which it returns an error."""
    return request.kind.ending == "cut" and response.status == 500


def _check_text(request: LoadRequest, text: str, version: Version | None) -> None:
    """Check the text; if the stream breaks off, it must be a prefix that LiteLLM's error follows."""
    prefix, marker, _ = text.partition(_ERROR) if request.kind.ending == "cut" else (text, "", "")
    expected = request.predict_answer(version)
    try:
        actual = request.read(prefix)
    except (LookupError, ValueError) as error:
        raise WrongAnswerError(f"{error!r} in {text[-_MAX_QUOTED_CHARS:]!r}") from error
    if request.kind.ending != "cut":
        _require(actual, expected)
    elif not (marker and expected.startswith(actual)):
        raise WrongAnswerError(f"{text[-_MAX_QUOTED_CHARS:]!r} is not a prefix of {expected!r} with an error")


def _require(actual: object, expected: object, text: str = "") -> None:
    if actual != expected:
        raise WrongAnswerError(f"{actual!r} instead of {expected!r} {text[-_MAX_QUOTED_CHARS:]}")

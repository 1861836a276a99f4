"""The program that a server is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy.net import HttpReply
from prompt_policy.probe.doctor.server_identity import ServerIdentity, identify_server, list_model_names

LISTED_BY_VLLM = {"data": [{"id": "m", "owned_by": "vllm"}]}


def identify(answers: dict[str, Any], models: Any = None, headers: dict[str, str] | None = None) -> ServerIdentity:
    def get(path: str) -> HttpReply:
        if path not in answers:
            return HttpReply(404, {}, b'{"detail":"Not Found"}')
        if isinstance(answers[path], Exception):
            raise answers[path]
        return HttpReply(200, {}, json.dumps(answers[path]).encode())

    return identify_server(get, models, headers or {})


@pytest.mark.parametrize(
    ("answers", "models", "headers", "software", "version"),
    [
        ({}, None, {"x-litellm-version": "1.108.7", "x-litellm-call-id": "1"}, "LiteLLM", "1.108.7"),
        ({}, None, {"x-litellm-call-id": "1"}, "LiteLLM", None),
        ({"/health/readiness": {"litellm_version": "1.80.0"}}, None, {}, "LiteLLM", "1.80.0"),
        ({"/health/readiness": {"litellm_version": "1.80.0"}}, None, {"x-litellm-call-id": "1"}, "LiteLLM", "1.80.0"),
        ({"/version": {"version": "0.32.0"}}, LISTED_BY_VLLM, {}, "vLLM", "0.32.0"),
        ({}, LISTED_BY_VLLM, {}, "vLLM", None),
        ({"/version": {"version": "0.33.0", "rust_frontend_version": "0.33.0"}}, LISTED_BY_VLLM, {},
         "vLLM's Rust front end", "0.33.0"),
        ({"/version": {"version": "0.22.0"}}, {"data": [{"id": "m", "owned_by": "vllm-frontend-rs"}]}, {},
         "vLLM's Rust front end", "0.22.0"),
        ({}, {"data": [{"id": "m", "owned_by": "library"}]}, {}, None, None),
        ({"/version": OSError("reset"), "/health/readiness": {"status": "healthy"}}, None, {}, None, None),
        ({"/version": ["0.1"]}, {"data": None}, {}, None, None),
    ],
)  # fmt: skip
def test_a_server_is_recognised(
    answers: dict[str, Any], models: Any, headers: dict[str, str], software: str | None, version: str | None
) -> None:
    assert identify(answers, models, headers) == ServerIdentity(software, version)  # type: ignore[arg-type]  # a literal


@pytest.mark.parametrize(
    ("models", "names"),
    [
        ({"data": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ({"data": [{"name": "a"}, "b", None]}, []),
        ({"data": {}}, []),
        ({"models": []}, []),
        ([], []),
        (None, []),
    ],
)
def test_model_names_are_read_from_openais_format(models: Any, names: list[str]) -> None:
    assert list_model_names(models) == names


def test_an_identity_is_printed() -> None:
    assert str(ServerIdentity("vLLM", "0.32.0")) == "vLLM 0.32.0"
    assert str(ServerIdentity()) == "unknown software"

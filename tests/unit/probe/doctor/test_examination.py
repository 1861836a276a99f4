"""Whole examinations: of the ASGI middleware on uvicorn in front of the echo server, and of fakes that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse

from prompt_policy import Policy, PolicySet
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.probe.doctor.examination import DoctorOptions, Examination, examine_server
from prompt_policy.proxy.echo.server import create_app
from tests.support.fake_examined_servers import (
    CHAT_ANSWER,
    make_fake_old_litellm,
    make_fake_rust_front_end,
    make_fake_server_of_models,
)
from tests.support.policies import policy_of

Serve = Callable[[Any], str]
MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"
CLAMP = {"name": "sampling", "kind": "clamp", "parameters": {"temperature": {"max": 0.7, "default": 0.6}}}
TIDY = {"kind": "filter_whitespace", "max_blank_lines": 1}
REJECT = {"name": "closed", "kind": "reject", "message": "closed today"}


def examine(url: str, **options: Any) -> Examination:
    return examine_server(DoctorOptions(url, **{"timeout_s": 30, **options}))


def enforce(*rules: dict[str, Any], models: Any = ("m",), **keys: Any) -> PolicyMiddleware:
    policy = policy_of(*rules, applies_to={"models": ["m*"]}, **keys)
    return PolicyMiddleware(create_app(models), PolicySet([policy]))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_shipped_library_in_the_middleware_acts(serve_app: Serve, stream: bool) -> None:
    found = examine(serve_app(PolicyMiddleware(create_app())), model=MODEL, stream=stream)
    assert (found.verdict.name, found.verdict.exit_code) == ("acts", 0)
    assert found.report.name == "deepseek-r1-distill"
    assert found.report.selected_by == "name"
    assert found.report.host is not None
    assert found.report.host.startswith("asgi prompt-policy/")
    assert found.answer == "filtered"


def test_a_policy_for_every_request_is_a_binding(serve_app: Serve) -> None:
    app = PolicyMiddleware(create_app(), policy_of(CLAMP))
    found = examine(serve_app(app))
    assert (found.verdict.name, found.report.selected_by) == ("acts", "binding")
    assert found.report.changed == ("temperature=unset>0.6",)


def test_an_unmatched_model_differs_from_a_missing_middleware(serve_app: Serve) -> None:
    unmatched = examine(serve_app(enforce(CLAMP, models=("other",))))
    assert (unmatched.verdict.name, unmatched.verdict.exit_code) == ("unmatched", 1)
    assert unmatched.report.policy == "none"
    missing = examine(serve_app(create_app(("other",))))
    assert (missing.verdict.name, missing.verdict.exit_code) == ("no-host", 1)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_request_without_the_mark_gets_no_diagnosis(serve_app: Serve, stream: bool) -> None:
    import httpx

    url = serve_app(enforce(CLAMP))
    for model in ("m", "other"):
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
        headers = httpx.post(f"{url}/v1/chat/completions", json=body).headers
        assert not {"x-prompt-policy-host", "x-prompt-policy-reason", "x-prompt-policy-rules"} & set(headers)
        assert headers.get("x-prompt-policy") != "none"


@pytest.mark.parametrize(
    ("rules", "keys", "name", "code"),
    [
        ([CLAMP], {"mode": "audit"}, "audit", 1),
        ([CLAMP], {"mode": "off"}, "no-rule", 1),
        ([REJECT], {}, "refused-by-policy", 0),
        ([{**REJECT, "mode": "audit"}, CLAMP], {}, "acts", 0),
    ],
)
def test_the_policys_mode_decides(
    serve_app: Serve, rules: list[dict[str, Any]], keys: dict[str, Any], name: str, code: int
) -> None:
    verdict = examine(serve_app(enforce(*rules, **keys))).verdict
    assert (verdict.name, verdict.exit_code) == (name, code)


def test_a_stream_that_bypasses_the_filters_is_found(serve_app: Serve) -> None:
    """The fake's header claims a policy, but its stream is raw, as on a host that covers no streams."""
    policy = policy_of(TIDY, applies_to={"models": ["m"]})
    honest = examine(serve_app(PolicyMiddleware(create_app(("m",)), PolicySet([policy]))), stream=True, expected=policy)
    assert (honest.verdict.name, honest.answer) == ("acts", "filtered")
    headers = {"x-prompt-policy": f"{policy.name}@{policy.hash}", "x-prompt-policy-host": "fake prompt-policy/0",
               "x-prompt-policy-rules": f"{policy.rules[0].name}=idle;filters"}  # fmt: skip

    async def fake_raw_stream(_scope: Any, _receive: Any, send: Any) -> None:
        events = [b'data: {"choices": [{"index": 0, "delta": {"content": "\\n\\nOK"}}]}\n\n', b"data: [DONE]\n\n"]
        await StreamingResponse(iter(events), media_type="text/event-stream", headers=headers)(_scope, _receive, send)

    url = serve_app(make_fake_server_of_models(fake_raw_stream))  # type: ignore[arg-type]  # an ASGI app, like a Response
    found = examine(url, stream=True, expected=policy)
    assert (found.verdict.name, found.verdict.exit_code) == ("answer-not-filtered", 1)


def test_a_missing_or_wrong_key_is_reported(serve: Callable[..., str]) -> None:
    url = serve(api_key="right")
    assert examine(url).verdict.name == examine(url, key="wrong", model="m").verdict.name == "unauthorized"
    assert examine(url, key="right").verdict.name == "no-host"


@pytest.mark.parametrize(
    ("headers", "name"),
    [({}, "old-litellm"), ({"x-prompt-policy": "p@0", "x-prompt-policy-applied": "a"}, "old-litellm")],
)
def test_a_fake_old_litellm_is_outside_the_supported_range(
    serve_app: Serve, headers: dict[str, str], name: str
) -> None:
    verdict = examine(serve_app(make_fake_old_litellm(headers))).verdict
    assert (verdict.name, verdict.exit_code) == (name, 1)
    assert "1.80.0" in verdict.message
    assert examine(serve_app(make_fake_old_litellm(version="1.108.7"))).verdict.name == "no-callback"


@pytest.mark.parametrize("first_release", [False, True])
def test_a_fake_rust_front_end_is_recognised(serve_app: Serve, first_release: bool) -> None:
    found = examine(serve_app(make_fake_rust_front_end(first_release=first_release)))
    assert (found.verdict.name, found.verdict.exit_code) == ("rust-front-end", 1)
    assert found.identity.version == "0.33.0"


def test_a_policy_of_the_server_behind_a_proxy_acts(serve_app: Serve) -> None:
    headers = {"x-litellm-version": "1.108.7", "llm_provider-x-prompt-policy": "p@0"}
    found = examine(serve_app(make_fake_server_of_models(JSONResponse(CHAT_ANSWER, headers=headers))))
    assert (found.verdict.name, found.report.is_behind) == ("acts", True)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (JSONResponse({"hello": "world"}), "not-openai"),
        (PlainTextResponse("OK"), "not-openai"),
        (PlainTextResponse("<html>", media_type="text/html"), "html"),
        (RedirectResponse("http://127.0.0.1:1/v1"), "redirect"),
        (JSONResponse({"error": {"message": "dead"}}, 500, {"x-prompt-policy": "p@0"}), "backend-error"),
        (JSONResponse({"error": {"message": "The model `n` does not exist."}}, 404), "unknown-model"),
    ],
)
def test_other_answers_have_their_verdict(serve_app: Serve, answer: Any, name: str) -> None:
    verdict = examine(serve_app(make_fake_server_of_models(answer)), model="n").verdict
    assert (verdict.name, verdict.exit_code) == (name, 2)


def test_the_key_is_not_sent_to_the_target_of_a_redirect(serve_app: Serve) -> None:
    seen: list[str | None] = []

    async def record(scope: Any, receive: Any, send: Any) -> None:
        seen.append(Request(scope).headers.get("authorization"))
        await JSONResponse({})(scope, receive, send)

    target = serve_app(record)
    url = serve_app(RedirectResponse(target, 302))
    assert examine(url, key="secret").verdict.name == "redirect"
    assert seen == []


@pytest.mark.parametrize(
    ("models", "name"), [(JSONResponse({"data": []}), "no-model"), (JSONResponse({"ok": 1}), "not-openai")]
)
def test_a_server_without_a_list_needs_a_model(serve_app: Serve, models: Any, name: str) -> None:
    verdict = examine(serve_app(models)).verdict
    assert (verdict.name, verdict.exit_code) == (name, 2)


def test_a_wildcard_is_not_a_model(serve_app: Serve) -> None:
    found = examine(serve_app(create_app(("*", "openai/*", "m"))))
    assert found.request is not None
    assert found.request.model == "m"


def test_a_name_of_another_policy_file_is_not_read(serve_app: Serve) -> None:
    headers = {"x-prompt-policy": "../../tests/unit/policy/broken/no-rules@0", "x-prompt-policy-applied": "a"}
    found = examine(serve_app(make_fake_server_of_models(JSONResponse(CHAT_ANSWER, headers=headers))))
    assert (found.verdict.name, found.answer) == ("acts", "unknown")


def test_the_expected_policy_is_compared(serve_app: Serve) -> None:
    url = serve_app(enforce(CLAMP))
    policy: Policy = policy_of(CLAMP, applies_to={"models": ["m*"]})
    assert examine(url, expected=policy).verdict.name == "acts"
    assert examine(url, expected=policy.name).verdict.name == "acts"
    assert examine(url, expected="gone").verdict.name == "other-policy"
    assert examine(url, expected=policy_of(CLAMP, TIDY)).verdict.name == "other-version"

"""Refusals of a fake vLLM, with the error messages of a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.supervise.ready_check import ReadyCheck, RefusedRequest, find_refusal

CHAT, COMPLETIONS, TOKENIZE = "/v1/chat/completions", "/v1/completions", "/tokenize"
NO_TEMPLATE = (
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the "
    "tokenizer does not define one."
)
Replies = dict[str, tuple[int, str]]


def error(message: str, code: object = 400) -> str:
    return json.dumps({"error": {"message": message, "type": "BadRequestError", "param": None, "code": code}})


@contextmanager
def serve(replies: Replies) -> Iterator[tuple[LaunchSpec, dict[str, dict[str, object]]]]:
    """Serve replies by path, 404 for others; yield the launch of the server, and the bodies that arrive."""
    bodies: dict[str, dict[str, object]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies[self.path] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bodies[self.path]["key"] = self.headers["Authorization"]
            status, text = replies.get(self.path, (404, '{"detail":"Not Found"}'))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        root = f"http://127.0.0.1:{server.server_port}"
        yield LaunchSpec(("vllm",), {}, root, "m", "secret"), bodies
    finally:
        server.shutdown()
        server.server_close()


def check(replies: Replies, which: ReadyCheck = ReadyCheck.CHAT) -> RefusedRequest | None:
    with serve(replies) as (launch, _):
        return find_refusal(launch, which, timeout_s=10)


ANSWERS: Replies = {
    TOKENIZE: (200, '{"count": 3}'),
    CHAT: (200, ': keep-alive\n\ndata: {"choices": []}\n\n'),
    COMPLETIONS: (200, 'data: {"choices": []}\n\n'),
}


def test_a_chat_of_one_token_is_requested_with_the_key() -> None:
    with serve(ANSWERS) as (launch, bodies):
        assert find_refusal(launch, ReadyCheck.CHAT, timeout_s=10) is None

    assert bodies == {
        CHAT: {
            "model": "m",
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 1,
            "stream": True,
            "key": "Bearer secret",
        }
    }


def test_a_refused_chat_is_rendered_to_find_the_cause() -> None:
    with serve({**ANSWERS, CHAT: (400, error("no such parameter"))}) as (launch, bodies):
        refused = find_refusal(launch, ReadyCheck.CHAT, timeout_s=10)

    assert refused == RefusedRequest(CHAT, 400, "no such parameter")
    assert bodies[TOKENIZE]["add_generation_prompt"] is True
    assert bodies[TOKENIZE]["messages"] == [{"role": "user", "content": "Hi"}]


def test_a_base_model_is_checked_by_a_completion_on_request() -> None:
    replies = {**ANSWERS, TOKENIZE: (400, error(NO_TEMPLATE)), CHAT: (400, error(NO_TEMPLATE))}

    assert check(replies, ReadyCheck.COMPLETIONS) is None
    assert check(replies) == RefusedRequest(TOKENIZE, 400, NO_TEMPLATE)
    assert check({}, ReadyCheck.NONE) is None


def test_a_missing_template_is_reported_with_both_remedies() -> None:
    diagnosis = RefusedRequest(TOKENIZE, 400, NO_TEMPLATE).diagnose()

    assert diagnosis.cause == "the model has no chat template, so it refuses every chat"
    assert diagnosis.remedy == (
        "add --chat-template FILE after --; for text completions only, add --ready-check completions"
    )
    assert diagnosis.lines == (f"POST /tokenize: HTTP 400: {NO_TEMPLATE}",)


def test_a_broken_template_is_reported_with_jinjas_message() -> None:
    refusal = check({**ANSWERS, TOKENIZE: (400, error("unexpected '}'")), CHAT: (400, error("unexpected '}'"))})

    assert refusal is not None
    diagnosis = refusal.diagnose()
    assert diagnosis.cause == "its chat template fails, so it refuses every chat"
    assert "correct the template, or set another with --chat-template" in diagnosis.remedy
    assert diagnosis.lines == ("POST /tokenize: HTTP 400: unexpected '}'",)


@pytest.mark.parametrize(
    ("reply", "status", "message"),
    [
        ((500, error("EngineCore encountered an issue.", 500)), 500, "EngineCore encountered an issue."),
        ((200, f"data: {error('Triton dequant kernels require CUDA tensors', 500)}\n\n"), 500, "Triton dequant"),
        ((400, error("no such parameter")), 400, "no such parameter"),
        ((502, "<html>bad gateway</html>"), 502, "<html>bad gateway</html>"),
    ],
)
def test_an_error_of_the_answer_is_a_refusal(reply: tuple[int, str], status: int, message: str) -> None:
    refusal = check({**ANSWERS, CHAT: reply})

    assert refusal is not None
    assert (refusal.path, refusal.status, refusal.is_server_error) == (CHAT, status, status >= 500)
    assert refusal.message.startswith(message)
    assert "--ready-check none" in refusal.diagnose().remedy


def test_a_known_failure_is_reported_with_its_own_remedy() -> None:
    diagnosis = RefusedRequest(CHAT, 500, "CUDA out of memory. Tried to allocate 896.00 MiB.").diagnose()

    assert diagnosis.cause == "the GPU ran out of memory"
    assert "--ready-check" not in diagnosis.remedy


def test_a_model_without_a_chat_endpoint_is_ready() -> None:
    unsupported = (501, error("The model does not support Chat Completions API", 501))

    assert check({}) is None
    assert check({TOKENIZE: (400, error(NO_TEMPLATE))}) is None  # an embedding model without a chat template
    assert check({TOKENIZE: ANSWERS[TOKENIZE], CHAT: unsupported}) is None


def test_a_server_without_tokenize_is_judged_by_the_chat() -> None:
    assert check({CHAT: ANSWERS[CHAT]}) is None
    assert check({CHAT: (400, error(NO_TEMPLATE))}) == RefusedRequest(CHAT, 400, NO_TEMPLATE)


def test_a_requested_endpoint_must_exist() -> None:
    refusal = check({CHAT: ANSWERS[CHAT]}, ReadyCheck.COMPLETIONS)

    assert refusal is not None
    assert (refusal.path, refusal.status) == (COMPLETIONS, 404)


@pytest.mark.parametrize(
    "reply",
    [
        (401, '{"error":"Unauthorized"}'),
        (403, "forbidden"),
        (429, error("too many requests", 429)),
        (400, error("Answers are in English only.", "policy_violation")),
    ],
)
def test_a_refusal_by_key_rate_or_policy_is_not_one_of_every_chat(reply: tuple[int, str]) -> None:
    assert check({**ANSWERS, TOKENIZE: reply, CHAT: reply}) is None


def test_a_policys_rejection_does_not_hide_a_broken_template() -> None:
    rejected = (400, error("Answers are in English only.", "policy_violation"))

    refused = check({**ANSWERS, TOKENIZE: (400, error("unexpected '}'")), CHAT: rejected})

    assert refused == RefusedRequest(TOKENIZE, 400, "unexpected '}'")

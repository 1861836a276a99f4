"""A client of the server that is probed: rendered prompts, and a few short answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.diagnosis.known_failures import NO_CHAT_TEMPLATE
from prompt_policy.net import describe_error, get, post_json
from prompt_policy.wire.codec import dump_json, load_json
from prompt_policy.wire.values import Json, JsonObject

_OK: Final = 200
_NOT_SUPPORTED: Final = (404, 405)
_PROMPT_FIELDS: Final = (
    "messages", "continue_final_message", "add_generation_prompt", "chat_template_kwargs", "tools",
)  # fmt: skip


_TEMPLATE_NOT_SET: Final = "chat_template is not set"
"""A part of the message with which transformers reject every chat request without a chat template."""


class RequestRejected(Exception):
    """The server, or a chat template, rejects a request. The message is its own."""


def find_missing_template(message: str) -> str | None:
    """Return what to do if a rejection means that the server has no chat template; None if it has another reason."""
    if NO_CHAT_TEMPLATE.pattern.search(message) or _TEMPLATE_NOT_SET in message:
        return "the server has no chat template, so that it rejects every chat request; start it with --chat-template"
    return None


@dataclass(frozen=True)
class ProbeClient:
    """A client of a running server. Every method raises UsageError if the server does not answer as expected.

    Arguments:
        root: the server's URL without ``/v1``.
        model: the model name to request.
        key: the server's API key.
        template: a chat template to send with each request, in place of the server's.
        timeout_s: seconds until a request fails.
    """

    root: str
    model: str = ""
    key: str | None = None
    template: str | None = None
    timeout_s: float = 60

    def list_models(self) -> Sequence[JsonObject]:
        """Return the models that the server lists."""
        body = self._get("/v1/models")
        models = body.get("data") if isinstance(body, dict) else None
        if not isinstance(models, list) or not all(isinstance(model, dict) and "id" in model for model in models):
            raise UsageError(f"{self.root} does not list its models as OpenAI's /v1/models does")
        return models

    def get_version(self) -> str | None:
        """Return vLLM's version, or None if the server is not vLLM."""
        try:
            body = self._get("/version")
        except UsageError:
            return None
        return str(body["version"]) if isinstance(body, dict) and "version" in body else None

    def render_prompt(self, body: JsonObject) -> str | None:
        """Return the prompt of a chat request as the model reads it, or None if the server cannot render it.

        Raise RequestRejected if its chat template rejects the messages.
        """
        status, tokens = self._post("/tokenize", body)
        if status in _NOT_SUPPORTED and not _names_model(tokens):
            return None
        self._check(status, tokens)
        status, text = self._post("/detokenize", {"tokens": tokens.get("tokens")})
        self._check(status, text)
        return str(text["prompt"])

    def complete_chat(self, body: JsonObject) -> tuple[str, str]:
        """Return the reasoning and the content of the answer to a chat request. Raise RequestRejected."""
        status, answer = self._post("/v1/chat/completions", body)
        self._check(status, answer)
        message = answer["choices"][0]["message"]
        reasoning = message.get("reasoning") or message.get("reasoning_content") or ""
        return reasoning, message.get("content") or ""

    def _check(self, status: int, answer: Json) -> None:
        if status == _OK and isinstance(answer, dict):
            return
        error = answer.get("error", answer) if isinstance(answer, dict) else {}
        message = error.get("message") or error.get("detail") if isinstance(error, dict) else error
        text = message.strip() if isinstance(message, str) else ""
        raise RequestRejected((text or f"HTTP {status}").splitlines()[0])

    def _post(self, path: str, body: JsonObject) -> tuple[int, Json]:
        request = {**body, "model": self.model, **({"chat_template": self.template} if self.template else {})}
        try:
            status, data = post_json(f"{self.root}{path}", dump_json(request), self.key, timeout_s=self.timeout_s)
        except (OSError, HTTPException) as error:
            raise UsageError(f"{self.root}{path} does not answer: {describe_error(error)}") from None
        return status, load_json(data)

    def _get(self, path: str) -> Json:
        try:
            return load_json(get(f"{self.root}{path}", self.key, timeout_s=self.timeout_s))
        except (OSError, HTTPException) as error:
            raise UsageError(f"{self.root}{path} does not answer: {describe_error(error)}") from None


def _names_model(answer: Json) -> bool:
    """Return whether an error is about the model, so that the endpoint itself exists."""
    error = answer.get("error") if isinstance(answer, dict) else None
    return isinstance(error, dict) and error.get("param") == "model"


def select_prompt_fields(body: JsonObject) -> JsonObject:
    """Return the fields of a chat request that determine its prompt."""
    return {name: body[name] for name in _PROMPT_FIELDS if name in body}

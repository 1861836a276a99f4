"""The questions that a vLLM is asked: prompts as the model sees them, and a few short answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.fetch import fetched, posted
from prompt_policy.launcher.ports import told
from prompt_policy.wire.json_bytes import decoded, encoded
from prompt_policy.wire.values import Json, JsonObject

_OK: Final = 200
_UNKNOWN: Final = (404, 405)


class Refused(Exception):
    """The server refuses a request. The message is its own."""


@dataclass(frozen=True)
class Server:
    """A running server. ``root`` is its URL without ``/v1``; ``template`` is sent in place of its own, if given.

    Every method raises UsageError where the server cannot be reached or speaks another language.
    """

    root: str
    model: str = ""
    key: str | None = None
    template: str | None = None
    timeout_s: float = 60

    def models(self) -> Sequence[JsonObject]:
        """Return the models that are listed."""
        listed = self._get("/v1/models")
        models = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(models, list) or not all(isinstance(model, dict) and "id" in model for model in models):
            raise UsageError(f"{self.root} does not list its models as OpenAI's /v1/models does")
        return models

    def version(self) -> str | None:
        """Return vLLM's version, or None where the server is another."""
        try:
            said = self._get("/version")
        except UsageError:
            return None
        return str(said["version"]) if isinstance(said, dict) and "version" in said else None

    def prompt(self, body: JsonObject) -> str | None:
        """Return the prompt of a chat request as the model sees it, or None where the server cannot tell.

        Raise Refused where its chat template refuses the messages.
        """
        status, tokens = self._post("/tokenize", body)
        if status in _UNKNOWN:
            return None
        self._check(status, tokens)
        status, text = self._post("/detokenize", {"tokens": tokens.get("tokens")})
        self._check(status, text)
        return str(text["prompt"])

    def answer(self, body: JsonObject) -> tuple[str, str]:
        """Return the reasoning and the content of a chat answer. Raise Refused."""
        status, answer = self._post("/v1/chat/completions", body)
        self._check(status, answer)
        message = answer["choices"][0]["message"]
        reasoning = message.get("reasoning") or message.get("reasoning_content") or ""
        return reasoning, message.get("content") or ""

    def _check(self, status: int, answer: Json) -> None:
        if status == _OK and isinstance(answer, dict):
            return
        error = answer.get("error", answer) if isinstance(answer, dict) else {}
        message = error.get("message") if isinstance(error, dict) else None
        raise Refused(str(message or f"HTTP {status}").splitlines()[0])

    def _post(self, path: str, body: JsonObject) -> tuple[int, Json]:
        sent = {**body, "model": self.model, **({"chat_template": self.template} if self.template else {})}
        try:
            status, data = posted(f"{self.root}{path}", encoded(sent), self.key, timeout_s=self.timeout_s)
        except (OSError, HTTPException) as error:
            raise UsageError(f"{self.root}{path} does not answer: {told(error)}") from None
        return status, decoded(data)

    def _get(self, path: str) -> Json:
        try:
            return decoded(fetched(f"{self.root}{path}", self.key, timeout_s=self.timeout_s))
        except (OSError, HTTPException) as error:
            raise UsageError(f"{self.root}{path} does not answer: {told(error)}") from None


def prompt_of(body: JsonObject) -> JsonObject:
    """Return the part of a chat request that makes its prompt."""
    named = ("messages", "continue_final_message", "add_generation_prompt", "chat_template_kwargs", "tools")
    return {name: body[name] for name in named if name in body}

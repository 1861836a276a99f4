"""A small chat client that enforces the model's policy, on top of a wrapped OpenAI client."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, TextIO

from prompt_policy.errors import ServerError, UsageError, did_you_mean
from prompt_policy.openai import wrap
from prompt_policy.runtime.resolver import PolicySource

Messages = Sequence[Any]
"""Messages in the SDK's format: mappings with ``role`` and ``content``."""
DEFAULT_URL: Final = "http://localhost:8000/v1"
_NO_KEY: Final = "none"


class LLMClient:
    """A client for one model of an OpenAI-compatible server that enforces the model's policy.

    Arguments:
        base_url: the server's URL, with ``/v1``.
        model: the model's name; None: the first one that the server lists.
        api_key: the server's API key, if it requires one.
        policy: as in ``prompt_policy.openai.wrap``; False: no policy.
        reasoning_parser: whether the server has a reasoning parser.
        timeout_s: the time limit for an answer in seconds.

    Raise UsageError if openai is not installed or the policy is invalid. Errors of the server are raised as
    ServerError, with a hint on what to check.
    """

    def __init__(  # noqa: PLR0913 - one argument for each setting of a server
        self,
        base_url: str = DEFAULT_URL,
        model: str | None = None,
        *,
        api_key: str | None = None,
        policy: PolicySource | Literal[False] = None,
        reasoning_parser: bool = False,
        timeout_s: float = 600,
    ) -> None:
        try:
            import openai
        except ImportError:
            raise UsageError('openai is not installed; run: pip install "prompt-policy[client]"') from None
        if isinstance(policy, bool) and policy:  # it passes where types are not checked, and must not disable policies
            raise UsageError("policy=True is not a policy; omit the argument to select the policy by model name")
        self._sdk: Any = openai
        self.base_url = base_url
        self._plain = openai.OpenAI(base_url=base_url, api_key=api_key or _NO_KEY, timeout=timeout_s, max_retries=0)
        self.client = self._plain if policy is False else wrap(self._plain, policy, reasoning_parser=reasoning_parser)
        self._model = model

    @property
    def model(self) -> str:
        """The model's name; queried from the server if the caller set none."""
        if self._model is None:
            names = self.models()
            if not names:
                raise ServerError(f"{self.base_url} lists no model; set one by name")
            self._model = names[0]
        return self._model

    def models(self) -> list[str]:
        """Return the names of the models that the server lists."""
        with self._translate_errors():
            return [model.id for model in self._plain.models.list()]

    def chat_completion(self, messages: Messages, stream: bool = False, **parameters: Any) -> Any:
        """Return the answer to a conversation: the SDK's ChatCompletion, or its Stream of chunks.

        ``parameters`` are those of ``chat.completions.create``, such as ``temperature`` and ``max_tokens``. A parameter
        with the value None is omitted.
        """
        options = {name: value for name, value in parameters.items() if value is not None}
        with self._translate_errors():
            return self.client.chat.completions.create(model=self.model, messages=messages, stream=stream, **options)

    def stream_chat(self, messages: Messages, *, to: TextIO | None = None, **parameters: Any) -> str:
        """Print an answer while it arrives, and return its complete text. ``to``: the output; None: standard output."""
        out, pieces = to or sys.stdout, []
        with self._translate_errors(), self.chat_completion(messages, stream=True, **parameters) as stream:
            for chunk in stream:
                text = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                pieces.append(text)
                out.write(text)
                out.flush()
        out.write("\n")
        return "".join(pieces)

    def simple_chat(self, user_message: str, system_message: str | None = None, **parameters: Any) -> str:
        """Return the text of the answer to one message."""
        system = [{"role": "system", "content": system_message}] if system_message else []
        answer = self.chat_completion([*system, {"role": "user", "content": user_message}], **parameters)
        return str(answer.choices[0].message.content or "")

    def close(self) -> None:
        """Close the connections."""
        self._plain.close()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise the SDK's errors in the block as ServerError, with a hint on what to check."""
        sdk = self._sdk
        try:
            yield
        except sdk.APITimeoutError as error:
            raise ServerError(f"{self.base_url} did not answer in time; check if the model is still loading") from error
        except sdk.APIConnectionError as error:
            raise ServerError(
                f"cannot connect to {self.base_url}; check that the server is running and the port is correct"
            ) from error
        except (sdk.AuthenticationError, sdk.PermissionDeniedError) as error:
            raise ServerError(
                f"{self.base_url} rejects the API key (HTTP {error.status_code}); set a valid one"
            ) from error
        except sdk.NotFoundError as error:
            raise ServerError(self._not_found()) from error
        except sdk.APIStatusError as error:
            raise ServerError(f"{self.base_url}: {error.message}") from error

    def _not_found(self) -> str:
        try:
            names = [model.id for model in self._plain.models.list()]
        except self._sdk.OpenAIError:
            return f"{self.base_url} does not know this path; check that the URL ends with /v1"
        if self._model in names:
            return f"{self.base_url} does not know this path; check that the URL ends with /v1"
        offered = ", ".join(names)
        return (
            f"{self.base_url} has no model '{self._model}'{did_you_mean(str(self._model), names)}; it offers {offered}"
        )

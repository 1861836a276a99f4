"""A chat client in three calls, with the policy of the model: a wrapped OpenAI client underneath."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TextIO

from prompt_policy.errors import ServerError, UsageError
from prompt_policy.openai import wrap
from prompt_policy.policy.mistakes import near
from prompt_policy.runtime.policing import Policies
from prompt_policy.wire.values import Json as Foreign  # the SDK's objects

Messages = Sequence[Any]
"""Messages as the SDK takes them: mappings with ``role`` and ``content``."""
DEFAULT_URL: Final = "http://localhost:8000/v1"
_NO_KEY: Final = "none"


class LLMClient:
    """Talks to one model of an OpenAI-compatible server, within its policy.

    Arguments:
        base_url: the server's URL, with ``/v1``.
        model: the model's name; None: the first that the server lists.
        api_key: the server's key, where it wants one.
        policy: as in ``prompt_policy.openai.wrap``; False: none at all.
        reasoning_parser: the server splits thoughts off by itself.
        timeout_s: how long an answer may take.

    Every error is raised, as ServerError with what to check where that can be told.
    """

    def __init__(  # noqa: PLR0913 - one argument for each thing that a server may want
        self,
        base_url: str = DEFAULT_URL,
        model: str | None = None,
        *,
        api_key: str | None = None,
        policy: Policies | bool = None,
        reasoning_parser: bool = False,
        timeout_s: float = 600,
    ) -> None:
        try:
            import openai
        except ImportError:
            raise UsageError('openai is not installed: pip install "prompt-policy[client]"') from None
        self._sdk: Foreign = openai
        self.base_url = base_url
        self._plain = openai.OpenAI(base_url=base_url, api_key=api_key or _NO_KEY, timeout=timeout_s, max_retries=0)
        self.client = (
            self._plain if isinstance(policy, bool) else wrap(self._plain, policy, reasoning_parser=reasoning_parser)
        )
        self._model = model

    @property
    def model(self) -> str:
        """The model's name; asked of the server where none was given."""
        if self._model is None:
            names = self.models()
            if not names:
                raise ServerError(f"{self.base_url} lists no model: give one by name")
            self._model = names[0]
        return self._model

    def models(self) -> list[str]:
        """Return the names of the models that the server lists."""
        with self._explained():
            return [model.id for model in self._plain.models.list()]

    def chat_completion(self, messages: Messages, stream: bool = False, **parameters: Foreign) -> Foreign:
        """Return the answer to a conversation: the SDK's ChatCompletion, or its Stream of chunks.

        ``parameters`` are those of ``chat.completions.create``, such as ``temperature`` and ``max_tokens``; what is
        None is left out.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        with self._explained():
            return self.client.chat.completions.create(model=self.model, messages=messages, stream=stream, **given)

    def stream_chat(self, messages: Messages, *, to: TextIO | None = None, **parameters: Foreign) -> str:
        """Print an answer as it comes, and return the whole of it."""
        out, pieces = to or sys.stdout, []
        with self._explained(), self.chat_completion(messages, stream=True, **parameters) as stream:
            for chunk in stream:
                text = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                pieces.append(text)
                out.write(text)
                out.flush()
        out.write("\n")
        return "".join(pieces)

    def simple_chat(self, user_message: str, system_message: str | None = None, **parameters: Foreign) -> str:
        """Return the text of the answer to one message."""
        system = [{"role": "system", "content": system_message}] if system_message else []
        answer = self.chat_completion([*system, {"role": "user", "content": user_message}], **parameters)
        return str(answer.choices[0].message.content or "")

    def close(self) -> None:
        """Close the connections."""
        self._plain.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what goes wrong in the block with what to check."""
        sdk = self._sdk
        try:
            yield
        except sdk.APITimeoutError as error:
            raise ServerError(f"{self.base_url} did not answer in time: is the model still loading?") from error
        except sdk.APIConnectionError as error:
            raise ServerError(
                f"nothing answers at {self.base_url}: is the server up, and is the port right?"
            ) from error
        except (sdk.AuthenticationError, sdk.PermissionDeniedError) as error:
            raise ServerError(f"{self.base_url} refuses the key (HTTP {error.status_code}): give its own") from error
        except sdk.NotFoundError as error:
            raise ServerError(self._not_found()) from error
        except sdk.APIStatusError as error:
            raise ServerError(f"{self.base_url}: {error.message}") from error

    def _not_found(self) -> str:
        try:
            names = [model.id for model in self._plain.models.list()]
        except self._sdk.OpenAIError:
            return f"{self.base_url} does not know this path: does the URL end with /v1?"
        if self._model in names:
            return f"{self.base_url} does not know this path: does the URL end with /v1?"
        offered = ", ".join(names)
        return f"{self.base_url} has no model '{self._model}'{near(str(self._model), names)}; it offers {offered}"

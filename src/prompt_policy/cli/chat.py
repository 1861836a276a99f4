"""``prompt-policy chat``: talk to a model in the terminal, within its policy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from prompt_policy.cli._thoughts import Thoughts
from prompt_policy.client import DEFAULT_URL, LLMClient
from prompt_policy.decision import HEADER
from prompt_policy.errors import ServerError
from prompt_policy.wire.values import Json as Foreign  # the SDK's objects

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_HELP: Final = "/system TEXT sets a system message, /policy shows what was changed, /reset begins anew, /quit ends"


def chat(  # noqa: PLR0913 - one argument for each option
    *,
    base_url: Annotated[
        str, typer.Option(metavar="URL", envvar="OPENAI_BASE_URL", show_envvar=True, help="The server, with /v1.")
    ] = DEFAULT_URL,
    model: Annotated[str | None, typer.Option(help="The model. Default: the first that the server lists.")] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="POLICY", help="A policy file or shipped name. Default: by the model's name.")
    ] = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Send everything as it is typed.")] = False,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="OPENAI_API_KEY", show_envvar=True, help="The server's key.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="A system message.")] = None,
    temperature: Annotated[float | None, typer.Option(help="The temperature.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="How long an answer may be.")] = None,
) -> None:
    """Talk to a model in the terminal. Thoughts are dimmed; Ctrl-C stops an answer, Ctrl-D ends the program.

    With standard input from a pipe it answers that once, in plain text. Commands: /system TEXT, /policy, /reset,
    /quit, /help.

    Exit code 0: ended; 2: wrong use, or a server that does not answer.
    """
    client = LLMClient(base_url, model, api_key=api_key, policy=False if no_policy else policy)
    talk = Talk(client, system, {"temperature": temperature, "max_tokens": max_tokens})
    try:
        if sys.stdin.isatty():
            talk.interactive()
        else:
            talk.turn(sys.stdin.read().strip(), show_thoughts=sys.stdout.isatty())
    finally:
        client.close()


class Talk:
    """A conversation in a terminal."""

    def __init__(self, client: LLMClient, system: str | None, parameters: dict[str, float | int | None]) -> None:
        self._client = client
        self._system = system
        self._parameters = parameters
        self._said: list[dict[str, str]] = []
        self._headers: dict[str, str] = {}

    def interactive(self) -> None:
        """Read lines until the end, with the arrow keys for those before."""
        import readline  # noqa: F401 - importing it gives input() a history

        typer.echo(f"{self._client.model} at {self._client.base_url}; {_HELP}", err=True)
        while (line := _line()) is not None:
            if line.startswith("/"):
                if not self._command(*line.partition(" ")[::2]):
                    return
            elif line:
                try:
                    self.turn(line, show_thoughts=True)
                except ServerError as error:
                    typer.echo(str(error), err=True)

    def turn(self, text: str, *, show_thoughts: bool) -> None:
        """Ask one thing and show the answer as it comes; stopped half way, the turn is forgotten."""
        system = [{"role": "system", "content": self._system}] if self._system else []
        asked = [*self._said, {"role": "user", "content": text}]
        try:
            answer = self._shown(
                self._client.chat_completion([*system, *asked], True, **self._parameters), show_thoughts
            )
        except KeyboardInterrupt:
            typer.echo(f"{_PLAIN if show_thoughts else ''}\n(stopped)", err=True)
            return
        self._said = [*asked, {"role": "assistant", "content": answer}]

    def _shown(self, stream: Foreign, show_thoughts: bool) -> str:
        thoughts, content = Thoughts(), ""
        with stream:
            self._headers = dict(stream.response.headers)
            for chunk in stream:
                delta = chunk.choices[0].delta if chunk.choices else None
                reasoning = getattr(delta, "reasoning", None) or getattr(delta, "reasoning_content", None)
                if reasoning and show_thoughts:
                    _write(reasoning, dim=True)
                text = (delta.content or "") if delta else ""
                content += text
                _write_all(thoughts.feed(text), dim=show_thoughts)
        _write_all(thoughts.end(), dim=show_thoughts)
        typer.echo()
        return content

    def _command(self, name: str, rest: str) -> bool:
        """Obey a command; return whether to go on."""
        if name == "/quit":
            return False
        if name == "/reset":
            self._said = []
            typer.echo("(begun anew)", err=True)
        elif name == "/system":
            self._system = rest.strip() or None
            typer.echo(f"(system message: {self._system or 'none'})", err=True)
        elif name == "/policy":
            told = [f"{key}: {value}" for key, value in self._headers.items() if key.startswith(HEADER)]
            typer.echo("\n".join(told) or "(no policy in the last turn)", err=True)
        else:
            typer.echo(_HELP, err=True)
        return True


def _line() -> str | None:
    try:
        return input("> ").strip()
    except EOFError:
        return None
    except KeyboardInterrupt:
        typer.echo()
        return ""


def _write_all(pieces: Iterator[tuple[bool, str]], *, dim: bool) -> None:
    for is_thought, piece in pieces:
        _write(piece, dim=dim and is_thought)


def _write(text: str, *, dim: bool) -> None:
    sys.stdout.write(f"{_DIM}{text}{_PLAIN}" if dim else text)
    sys.stdout.flush()

"""``prompt-policy chat``: chat with a model in the terminal, with its policy enforced."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from prompt_policy.client import DEFAULT_URL, LLMClient
from prompt_policy.errors import ServerError
from prompt_policy.runtime.decision import NO_MATCH, NO_POLICY, POLICY_HEADER
from prompt_policy.wire.answers.think_tags import ThinkTagSplitter
from prompt_policy.wire.values import Json as Foreign  # the SDK's objects

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_HELP: Final = "/system TEXT sets the system message, /policy shows the last decision, /reset starts over, /quit exits"


def chat(  # noqa: PLR0913 - one argument for each option
    *,
    base_url: Annotated[
        str,
        typer.Option(metavar="URL", envvar="OPENAI_BASE_URL", show_envvar=True, help="The server's URL, with /v1."),
    ] = DEFAULT_URL,
    model: Annotated[str | None, typer.Option(help="The model. Default: the first model of the server.")] = None,
    policy: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="A policy file or shipped name. Default: by the model's name."),
    ] = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Enforce no policy.")] = False,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="OPENAI_API_KEY", show_envvar=True, help="The server's API key.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="The system message.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Sampling temperature.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Maximum length of an answer in tokens.")] = None,
) -> None:
    """Chat with a model in the terminal. Reasoning is dimmed. Ctrl-C stops an answer, Ctrl-D exits.

    If no policy is enforced here, the policy that the server applies is reported by its name.

    If standard input is a pipe, its text is answered once, in plain text. Commands: /system TEXT, /policy, /reset,
    /quit, /help.

    Exit code 0: finished; 2: wrong usage, or a server that does not respond.
    """
    client = LLMClient(base_url, model, api_key=api_key, policy=False if no_policy else policy)
    unmatched = UnmatchedFilter()
    session = ChatSession(client, system, {"temperature": temperature, "max_tokens": max_tokens}, unmatched)
    log = logging.getLogger("prompt_policy")
    log.addFilter(unmatched)
    try:
        if sys.stdin.isatty():
            session.run()
        else:
            session.ask(sys.stdin.read().strip(), show_reasoning=sys.stdout.isatty())
    finally:
        log.removeFilter(unmatched)
        client.close()


class UnmatchedFilter(logging.Filter):
    """Holds the warning that no policy applies, until the server's answer shows whether the server enforces one."""

    def __init__(self) -> None:
        super().__init__()
        self.warning = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged at once."""
        is_unmatched = isinstance(record.args, tuple) and NO_MATCH in record.args
        if is_unmatched:
            self.warning = record.getMessage()
        return not is_unmatched


class ChatSession:
    """A conversation in a terminal."""

    def __init__(
        self,
        client: LLMClient,
        system: str | None,
        parameters: dict[str, float | int | None],
        unmatched: UnmatchedFilter,
    ) -> None:
        self._client = client
        self._unmatched = unmatched
        self._system = system
        self._parameters = parameters
        self._history: list[dict[str, str]] = []
        self._headers: dict[str, str] = {}

    def run(self) -> None:
        """Read lines and answer them until end of input; the arrow keys recall earlier lines."""
        import readline  # noqa: F401 - importing it gives input() a history

        typer.echo(f"{self._client.model} at {self._client.base_url}; {_HELP}", err=True)
        while (line := _read_line()) is not None:
            if line.startswith("/"):
                if not self._run_command(*line.partition(" ")[::2]):
                    return
            elif line:
                try:
                    self.ask(line, show_reasoning=True)
                except ServerError as error:
                    typer.echo(str(error), err=True)

    def ask(self, text: str, *, show_reasoning: bool) -> None:
        """Send a user turn and print the answer while it streams. An interrupted turn is not added to the history."""
        system = [{"role": "system", "content": self._system}] if self._system else []
        messages = [*self._history, {"role": "user", "content": text}]
        try:
            stream = self._client.chat_completion([*system, *messages], True, **self._parameters)
            answer = self._print_stream(stream, show_reasoning)
        except KeyboardInterrupt:
            typer.echo(f"{_PLAIN if show_reasoning else ''}\n(stopped)", err=True)
            return
        self._history = [*messages, {"role": "assistant", "content": answer}]

    def _print_stream(self, stream: Foreign, show_reasoning: bool) -> str:
        splitter, content = ThinkTagSplitter(keeps_tags=True), ""
        with stream:
            self._headers = dict(stream.response.headers)
            self._report_policy()
            for chunk in stream:
                delta = chunk.choices[0].delta if chunk.choices else None
                reasoning = getattr(delta, "reasoning", None) or getattr(delta, "reasoning_content", None)
                if reasoning and show_reasoning:
                    _write(reasoning, dim=True)
                text = (delta.content or "") if delta else ""
                content += text
                _write_all(splitter.feed(text), dim=show_reasoning)
        _write_all(splitter.flush(), dim=show_reasoning)
        typer.echo()
        return content

    def _report_policy(self) -> None:
        """Report once that no policy is enforced here: the name of the server's, or that there is none."""
        if warning := self._unmatched.warning:
            self._unmatched.warning = ""
            applied = self._headers.get(POLICY_HEADER, NO_POLICY)
            is_reported = applied != NO_POLICY
            typer.echo(f"(the server applies the policy {applied})" if is_reported else warning, err=True)

    def _run_command(self, name: str, argument: str) -> bool:
        """Run a command; return False if the session ends."""
        if name == "/quit":
            return False
        if name == "/reset":
            self._history = []
            typer.echo("(started over)", err=True)
        elif name == "/system":
            self._system = argument.strip() or None
            typer.echo(f"(system message: {self._system or 'none'})", err=True)
        elif name == "/policy":
            decision = [f"{key}: {value}" for key, value in self._headers.items() if key.startswith(POLICY_HEADER)]
            typer.echo("\n".join(decision) or "(no policy in the last turn)", err=True)
        else:
            typer.echo(_HELP, err=True)
        return True


def _read_line() -> str | None:
    try:
        return input("> ").strip()
    except EOFError:
        return None
    except KeyboardInterrupt:
        typer.echo()
        return ""


def _write_all(pieces: Iterator[tuple[bool, str]], *, dim: bool) -> None:
    for is_reasoning, piece in pieces:
        _write(piece, dim=dim and is_reasoning)


def _write(text: str, *, dim: bool) -> None:
    sys.stdout.write(f"{_DIM}{text}{_PLAIN}" if dim else text)
    sys.stdout.flush()

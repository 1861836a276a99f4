"""``prompt-policy probe``: ask a running vLLM what its chat template does, and whether a policy fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from prompt_policy.errors import Problem, UsageError
from prompt_policy.launcher.notes import Notes
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.load import load_paths
from prompt_policy.policy.mistakes import near
from prompt_policy.policy.select import PolicySet
from prompt_policy.probe.fit import Fit, fit_of
from prompt_policy.probe.server import Server
from prompt_policy.probe.template import Behaviour, behaviour_of
from prompt_policy.wire.values import JsonObject

_WORDS: Final = {
    "opens": "the template opens",
    "system": "a system message is",
    "two_systems": "two system messages are",
    "two_users": "two user turns in a row are",
    "old_thoughts": "old thoughts are",
    "prefill": "a prefilled <think> is",
    "reasoning_parser": "the reasoning parser is",
    "seeds": "seeds are",
}


def probe(  # noqa: PLR0913 - one argument for each option
    url: Annotated[str, typer.Argument(metavar="URL", help="The server, such as http://127.0.0.1:8000.")],
    *,
    policy: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="A policy file or shipped name. Default: the one for the model's name."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Which model, where several are served. Default: the first.")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="VLLM_API_KEY", show_envvar=True, help="The server's key.")
    ] = None,
    chat_template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Try this chat template in place of the server's (vLLM's --trust-request-chat-template).",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long each answer may take.")] = 60,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Ask a running vLLM what its chat template does, and tell whether a policy fits.

    A few short requests are sent. The policy's rules are run on sample requests, and vLLM says how the model would read
    them.

    Exit code 0: the policy fits, or there is none for the model; 1: it does not; 2: wrong use, or no answer.
    """
    root = url.rstrip("/").removesuffix("/v1")
    if not root.startswith(("http://", "https://")):
        raise UsageError(f"{url}: expected a URL such as http://127.0.0.1:8000")
    server = Server(root, "", api_key, _text_of(chat_template), timeout)
    with Notes().waiting(f"asking {root}"):
        listed = _chosen(server.models(), model)
        server = replace(server, model=str(listed["id"]))
        behaviour = behaviour_of(server)
        name, fit = _fitted(policy, listed, server, behaviour)
    facts = {"model": server.model, "vllm": server.version(), "max_model_len": listed.get("max_model_len")}
    if format_ is Format.JSON:
        print_json(_json(facts, behaviour, name, fit))
    else:
        typer.echo("\n".join(_lines(facts, behaviour, name, fit)))
    if fit.misfits:
        raise typer.Exit(FINDINGS)


def _text_of(file: Path | None) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {getattr(error, 'strerror', None) or error}") from None


def _chosen(listed: Sequence[JsonObject], wanted: str | None) -> JsonObject:
    if not listed:
        raise UsageError("the server lists no model")
    if wanted is None:
        return listed[0]
    for one in listed:
        if one["id"] == wanted:
            return one
    raise UsageError(f"no model '{wanted}' is served{near(wanted, [str(one['id']) for one in listed])}")


def _fitted(policy: str | None, listed: JsonObject, server: Server, behaviour: Behaviour) -> tuple[str, Fit]:
    """Return the name of the policy and how it fits."""
    policies = load_paths([policy] if policy else [])
    chosen = _policy(policies, policy, str(listed["id"]), str(listed.get("root") or ""))
    if chosen is None:
        return "", Fit((), ())
    found = policies.named(chosen)
    fit = fit_of(found, policies.files[chosen], server, behaviour, listed.get("max_model_len"))
    return f"{found.name}@{found.hash}", fit


def _policy(policies: PolicySet, asked: str | None, *names: str) -> str | None:
    if asked and len(policies.policies) == 1:
        return policies.policies[0].name
    found = next((selected for name in names if (selected := policies.select(name))), None)
    return found.policy.name if found else None


def _json(facts: JsonObject, behaviour: Behaviour, name: str, fit: Fit) -> JsonObject:
    told: dict[str, Sequence[Problem]] = {"misfits": fit.misfits, "notes": fit.notes}
    rows = {key: [asdict(problem) for problem in problems] for key, problems in told.items()}
    return {**facts, "behaviour": behaviour.rows(), "policy": name or None, **rows}


def _lines(facts: JsonObject, behaviour: Behaviour, name: str, fit: Fit) -> Iterator[str]:
    version = f"vLLM {facts['vllm']}" if facts["vllm"] else "not a vLLM"
    length = f", {facts['max_model_len']} tokens" if facts["max_model_len"] else ""
    yield f"{facts['model']} ({version}{length})"
    for key, value in behaviour.rows().items():
        shown = repr(value) if key == "opens" and value not in ("", "nothing") else value
        yield f"  {_WORDS[key]:<28} {shown or 'not told: the server cannot be asked'}"
    if not name:
        yield "no policy is for this model; give one with --policy"
        return
    verdict = f"{len(fit.misfits)} misfit{'s' if len(fit.misfits) > 1 else ''}" if fit.misfits else "fits"
    yield f"{name}: {verdict}"
    yield from (f"  {problem}" for problem in fit.misfits)
    yield from (f"  note: {problem}" for problem in fit.notes)

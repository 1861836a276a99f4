"""``prompt-policy probe``: find out what a running vLLM's chat template does, and whether a policy fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from textwrap import shorten
from typing import Annotated, Final

import typer

from prompt_policy.console import FINDINGS, Console, Format, FormatOption, print_json
from prompt_policy.errors import Problem, UsageError, did_you_mean
from prompt_policy.net import check_http_url
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.probe.behaviour import Behaviour, probe_server
from prompt_policy.probe.client import ProbeClient, find_missing_template
from prompt_policy.probe.compatibility import Compatibility, check_compatibility
from prompt_policy.wire.values import JsonObject

_MAX_QUOTED: Final = 200
_WORDS: Final = {
    "opens": "the template opens",
    "system": "a system message is",
    "default_system": "without one, the template",
    "empty_system": "for an empty one, it",
    "two_systems": "two system messages are",
    "two_users": "two user turns in a row are",
    "earlier_reasoning": "earlier reasoning is",
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
        str | None, typer.Option(help="The model, if the server serves several. Default: the first.")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="VLLM_API_KEY", show_envvar=True, help="The server's API key.")
    ] = None,
    chat_template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Chat template to use instead of the server's (needs vLLM's --trust-request-chat-template).",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="Timeout of each request.")] = 60,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Find out what the chat template of a running vLLM does, and whether a policy fits it.

    Sends a few short requests. Applies the policy to sample requests, and has vLLM render the prompts for the model.

    Exit code 0: the policy fits, or the model has no policy; 1: it does not fit, or the server rejects every chat
    request; 2: wrong usage, or no response.
    """
    root = url.rstrip("/").removesuffix("/v1")
    check_http_url(url)
    server = ProbeClient(root, "", api_key, _read_text(chat_template), timeout)
    with Console().progress(f"querying {root}"):
        listed = _select_model(server.list_models(), model)
        server = replace(server, model=str(listed["id"]))
        behaviour = probe_server(server)
        name, fit = _check_fit(policy, listed, server, behaviour)
    facts = {"model": server.model, "vllm": server.get_version(), "max_model_len": listed.get("max_model_len")}
    if format_ is Format.JSON:
        print_json(_json(facts, behaviour, name, fit))
    else:
        typer.echo("\n".join(_lines(facts, behaviour, name, fit)))
    if fit.incompatibilities or behaviour.rejection:
        raise typer.Exit(FINDINGS)


def _read_text(file: Path | None) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {getattr(error, 'strerror', None) or error}") from None


def _select_model(listed: Sequence[JsonObject], wanted: str | None) -> JsonObject:
    if not listed:
        raise UsageError("the server lists no model; start one")
    if wanted is None:
        return listed[0]
    for row in listed:
        if row["id"] == wanted:
            return row
    raise UsageError(f"no model '{wanted}' is served{did_you_mean(wanted, [str(row['id']) for row in listed])}")


def _check_fit(
    policy: str | None, listed: JsonObject, server: ProbeClient, behaviour: Behaviour
) -> tuple[str, Compatibility]:
    """Return the name of the policy, and how it fits."""
    policies = load_paths([policy] if policy else [])
    chosen = _select_policy(policies, policy, str(listed["id"]), str(listed.get("root") or ""))
    if chosen is None:
        return "", Compatibility((), ())
    found = policies.get(chosen)
    if behaviour.rejection:
        return f"{found.name}@{found.hash}", Compatibility((), ())
    fit = check_compatibility(found, policies.source_maps[chosen], server, behaviour, listed.get("max_model_len"))
    return f"{found.name}@{found.hash}", fit


def _select_policy(policies: PolicySet, requested: str | None, *names: str) -> str | None:
    if requested and len(policies.policies) == 1:
        return policies.policies[0].name
    found = next((selected for name in names if (selected := policies.select(name))), None)
    return found.policy.name if found else None


def _json(facts: JsonObject, behaviour: Behaviour, name: str, fit: Compatibility) -> JsonObject:
    found: dict[str, Sequence[Problem]] = {"misfits": fit.incompatibilities, "notes": fit.notes}
    rows = {key: [asdict(problem) for problem in problems] for key, problems in found.items()}
    return {**facts, "behaviour": behaviour.rows(), "policy": name or None, **rows}


def _lines(facts: JsonObject, behaviour: Behaviour, name: str, fit: Compatibility) -> Iterator[str]:
    version = f"vLLM {facts['vllm']}" if facts["vllm"] else "not a vLLM"
    length = f", {facts['max_model_len']} tokens" if facts["max_model_len"] else ""
    yield f"{facts['model']} ({version}{length})"
    if behaviour.rejection:
        yield f"  {_describe_rejection(behaviour.rejection)}"
        yield f"{name or 'no policy'}: not checked"
        return
    yield from _behaviour_lines(behaviour)
    if not name:
        yield "this model has no policy; name one with --policy"
        return
    verdict = (
        f"{len(fit.incompatibilities)} misfit{'s' if len(fit.incompatibilities) > 1 else ''}"
        if fit.incompatibilities
        else "fits"
    )
    yield f"{name}: {verdict}"
    yield from (f"  {problem}" for problem in fit.incompatibilities)
    yield from (f"  note: {problem}" for problem in fit.notes)


def _describe_rejection(message: str) -> str:
    return find_missing_template(message) or f"the server rejects even a single user message: {message}"


def _behaviour_lines(behaviour: Behaviour) -> Iterator[str]:
    rows = behaviour.rows()
    del rows["rejection"]
    if not behaviour.added_system:
        del rows["empty_system"]
    if behaviour.system and not behaviour.default_system:  # it is refused or lost, so that nothing can be compared
        del rows["default_system"]
    for key, value in rows.items():
        shown = repr(value) if key == "opens" and value not in ("", "nothing") else value
        if key == "default_system" and value:
            own = repr(shorten(behaviour.added_system, _MAX_QUOTED, placeholder=" ..."))
            shown = f"adds its own: {own}" if behaviour.added_system else "adds nothing"
        yield f"  {_WORDS[key]:<28} {shown or 'unknown: the server cannot be queried'}"

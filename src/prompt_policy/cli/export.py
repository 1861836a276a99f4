"""``prompt-policy export``: print the configuration of a LiteLLM proxy for a policy and a backend."""

from __future__ import annotations

from typing import Annotated

import typer
import yaml

from prompt_policy.policy.loader import load
from prompt_policy.proxy.backend import BACKEND_KEY_VARIABLE, Backend, normalize_base_url
from prompt_policy.proxy.litellm_config import build_litellm_config


def export(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="A policy file or a shipped name.")],
    backend: Annotated[
        str, typer.Option("--backend", metavar="URL", help="The server, such as http://127.0.0.1:8000.")
    ],
    model: Annotated[list[str], typer.Option("--model", metavar="NAME", help="Model of the server; may be repeated.")],
    reasoning_parser: Annotated[bool, typer.Option(help="The server has a reasoning parser.")] = False,
) -> None:
    """Print a LiteLLM `config.yaml` that routes models to a server and enforces a policy on them.

    It contains no API keys, only the names of their environment variables.
    """
    bound = load(policy)
    server = Backend(normalize_base_url(backend), tuple(model))
    config = build_litellm_config(server, [policy], reasoning_parser=reasoning_parser, bound=bound.name)
    config["model_list"] = [row for row in config["model_list"] if row["model_name"] in model]
    typer.echo(f"# {bound.name}@{bound.hash}. Start it with: litellm --config FILE")
    typer.echo(
        f"# Keys: LITELLM_MASTER_KEY (of the proxy's clients), {BACKEND_KEY_VARIABLE} (of the server; none: 'none')"
    )
    typer.echo(yaml.safe_dump(config, sort_keys=False, allow_unicode=True).rstrip())

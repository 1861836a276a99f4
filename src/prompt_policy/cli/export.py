"""``prompt-policy export``: the configuration of a LiteLLM proxy for a policy and a backend."""

from __future__ import annotations

from typing import Annotated

import typer
import yaml

from prompt_policy.policy.load import load
from prompt_policy.proxy.backend import KEY_VARIABLE, Backend, base_of
from prompt_policy.proxy.config import litellm_config


def export(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="A policy file or a shipped name.")],
    backend: Annotated[
        str, typer.Option("--backend", metavar="URL", help="The server, such as http://127.0.0.1:8000.")
    ],
    model: Annotated[list[str], typer.Option("--model", metavar="NAME", help="A model that the server serves.")],
    reasoning_parser: Annotated[bool, typer.Option(help="The server splits thoughts off by itself.")] = False,
) -> None:
    """Print a LiteLLM `config.yaml` that sends models to a server and enforces a policy on them.

    Keys are not in it: it names the environment variables that hold them.
    """
    bound = load(policy)
    server = Backend(base_of(backend), tuple(model))
    config = litellm_config(server, [policy], reasoning_parser=reasoning_parser, bound=bound.name)
    config["model_list"] = [row for row in config["model_list"] if row["model_name"] in model]
    typer.echo(f"# {bound.name}@{bound.hash}. Start it with: litellm --config FILE")
    typer.echo(f"# Keys: LITELLM_MASTER_KEY (of the proxy's clients), {KEY_VARIABLE} (of the server; none: 'none')")
    typer.echo(yaml.safe_dump(config, sort_keys=False, allow_unicode=True).rstrip())

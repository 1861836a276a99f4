"""Check that vLLM's front end runs the policies that its options or variables request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.python_modules import find_entry_points
from prompt_policy.launcher.options import flag_value, flag_values

PLUGIN_NAME: Final = "prompt_policy"
_PLUGIN_GROUP: Final = "vllm.endpoint_plugins"
_PLUGINS_VARIABLE: Final = "VLLM_PLUGINS"
_RUST_VARIABLE: Final = "VLLM_USE_RUST_FRONTEND"
_PLUGIN: Final = f"{_PLUGINS_VARIABLE}={PLUGIN_NAME}"


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a front end that runs no ASGI middleware, and a plugin that vLLM would not load."""
    requested = [f"--middleware {value}" for value in flag_values(plan.options.args, "middleware") if value]
    names = plan.environment.get(_PLUGINS_VARIABLE, "").split(",")  # as vLLM does, which keeps spaces
    if PLUGIN_NAME in names:
        requested.append(_PLUGIN)
        yield from _find_missing_plugin(plan)
    else:
        yield from _find_misspelt_plugin(names)
    if not requested or not plan.installation.serve:  # the other front ends belong to `vllm serve`
        return
    effect = f"runs no ASGI middleware, so {' and '.join(requested)} has no effect"
    if flag_value(plan.options.args, "grpc") is not None:
        yield f"--grpc: vLLM's gRPC server {effect}; remove --grpc"
    if (value := plan.environment.get(_RUST_VARIABLE, "").strip()) not in ("", "0"):
        yield (
            f"{_RUST_VARIABLE}={value}: vLLM's Rust front end {effect}; unset {_RUST_VARIABLE}, or remove the "
            "middleware and enforce the policies in a LiteLLM proxy, as prompt-policy up --model MODEL does"
        )


def _find_misspelt_plugin(names: list[str]) -> Iterator[str]:
    for name in names:
        if name.strip().lower().replace("-", "_") == PLUGIN_NAME:
            yield (
                f"{_PLUGINS_VARIABLE}: there is no plugin {name!r}, and vLLM would serve without it; "
                f"write {PLUGIN_NAME}"
            )


def _find_missing_plugin(plan: LaunchPlan) -> Iterator[str]:
    python, folder = plan.installation.python, plan.installation.folder
    if folder is not None and not (folder / "plugins" / "endpoint_plugins").is_dir():
        yield (
            f"{_PLUGIN}: vLLM {plan.installation.version} has no endpoint plugins; upgrade it, or use "
            "--middleware prompt_policy.asgi.PolicyMiddleware"
        )
        return
    if python is None:
        return
    names = find_entry_points(python, _PLUGIN_GROUP, plan.environment)
    if names is not None and PLUGIN_NAME not in names:
        yield (
            f"{_PLUGIN}: no package of {python} declares this plugin, and vLLM would serve without it; install "
            "prompt-policy there"
        )

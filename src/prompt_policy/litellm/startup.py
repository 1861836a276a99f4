"""Start-up in a proxy: reads the settings, loads the policies, and logs the policy of every deployment."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prompt_policy.errors import PromptPolicyError, UsageError, did_you_mean
from prompt_policy.litellm.deployments.announcement import announce_forever
from prompt_policy.litellm.deployments.binding import find_invalid_deployments
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.litellm.releases.compatibility import (
    check_version,
    find_litellm_version,
    find_retry_limit,
    read_requirements,
)
from prompt_policy.litellm.releases.router import find_config_file, find_config_models, is_inside_proxy
from prompt_policy.policy.loader import load_paths
from prompt_policy.runtime.hot_reload import PolicyProvider, StaticPolicies, WatchedPolicies
from prompt_policy.runtime.resolver import parse_policy_paths, parse_profiles
from prompt_policy.runtime.telemetry import DecisionReporter, create_reporter, ensure_log_handler, parse_sample_rate

if TYPE_CHECKING:
    from prompt_policy.litellm.hooks import PolicyCallback

log = logging.getLogger("prompt_policy")
_SETTINGS: Final = ("path", "log_sample", "profiles", "health_checks")


def create_callback() -> PolicyCallback:
    """Load the policies that LiteLLM's settings name, and return the callback that enforces them.

    Raise RuntimeError if the settings or the policies are invalid; the errors are printed when the process exits.
    """
    ensure_log_handler(log)
    if (notice := check_version(find_litellm_version(), read_requirements())) is not None:
        log.log(notice.level, notice.line)
    if not is_inside_proxy():
        log.warning("outside LiteLLM's proxy, the callback covers only the requests of acompletion, atext_completion, "
                    "aresponses and anthropic.messages; to cover answers and synchronous calls, use a client that has "
                    "a policy: docs/how-to/litellm-sdk.md")  # fmt: skip
        if (limit := find_retry_limit(find_litellm_version())) is not None:
            log.warning("%s", limit)
    try:
        settings = _read_settings()
        _check_deployments()
        policies = _create_provider(_read_paths(settings), _read_profiles(settings))
        reporter = _create_reporter(settings)
        covers_health_checks = _read_switch("health_checks", settings)
    except PromptPolicyError as error:
        raise _abort_startup(error) from None
    from prompt_policy.litellm.hooks import PolicyCallback

    callback = PolicyCallback(policies, reporter, covers_health_checks=covers_health_checks)
    try:
        task = asyncio.get_running_loop().create_task(_finish_startup(callback))
    except RuntimeError:  # not in a proxy: in LiteLLM's SDK, no event loop runs yet
        return callback
    task.add_done_callback(_log_startup_error)
    callback.startup_task = task
    return callback


def _create_provider(paths: Sequence[str], profiles: Sequence[str]) -> PolicyProvider[DeploymentResolver]:
    if not paths:
        return StaticPolicies(DeploymentResolver(load_paths([]).activate_profiles(profiles)))
    return WatchedPolicies(paths, lambda policies: DeploymentResolver(policies.activate_profiles(profiles)))


def _check_deployments() -> None:
    """Raise UsageError if ``config.yaml`` has an invalid binding or backend; its router does not exist yet.

    A deployment that is added later, or that a database holds, does not stop the proxy: its requests are refused.
    """
    if errors := list(find_invalid_deployments(find_config_models())):
        raise UsageError("\n".join(errors))


def _create_reporter(settings: dict[str, Any]) -> DecisionReporter:
    if "log_sample" in settings:
        return DecisionReporter(parse_sample_rate(settings["log_sample"], "callback_settings.prompt_policy.log_sample"))
    return create_reporter(os.environ)


def _read_settings() -> dict[str, Any]:
    import litellm

    settings = (litellm.callback_settings or {}).get("prompt_policy") or {}
    if not isinstance(settings, dict):
        raise UsageError("callback_settings.prompt_policy is not a mapping; write one, for example {path: policies/}")
    for key in settings:
        if key not in _SETTINGS:
            raise UsageError(f"callback_settings.prompt_policy: unknown key '{key}'{did_you_mean(str(key), _SETTINGS)}")
    return settings


def _read_paths(settings: dict[str, Any]) -> list[str]:
    """Return the policy paths of LiteLLM's settings, else of PROMPT_POLICY_PATH; empty: the shipped library."""
    setting = settings.get("path")
    if setting is None:
        return parse_policy_paths(os.environ)
    return [_resolve_path(path) for path in _read_list("path", setting, "a path or a list of paths")]


def _read_profiles(settings: dict[str, Any]) -> Sequence[str]:
    """Return the active profiles of LiteLLM's settings, else of PROMPT_POLICY_PROFILES."""
    setting = settings.get("profiles")
    return parse_profiles(os.environ) if setting is None else _read_list("profiles", setting, "a list of names")


def _read_list(key: str, setting: Any, expected: str) -> list[str]:
    texts = [setting] if isinstance(setting, str) else setting
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise UsageError(f"callback_settings.prompt_policy.{key} is not {expected}; write one")
    return texts


def _read_switch(key: str, settings: dict[str, Any]) -> bool:
    """Return a setting that is true or false; false if it is absent."""
    setting = settings.get(key, False)
    if not isinstance(setting, bool):
        raise UsageError(f"callback_settings.prompt_policy.{key} is not true or false; write one of them")
    return setting


def _resolve_path(path: str) -> str:
    """Return a path relative to the folder of LiteLLM's config file; unchanged if nothing exists there."""
    config = find_config_file()
    beside = Path(config).parent / path if config else Path(path)
    return str(beside) if beside.exists() else path


def _abort_startup(error: PromptPolicyError) -> RuntimeError:
    """Arrange for the errors to be printed last, because LiteLLM prints a long traceback, and return an exception."""
    atexit.register(lambda: print(f"\nprompt-policy:\n{error}", file=sys.stderr, flush=True))  # noqa: T201 - for the user
    sys.tracebacklimit = 0
    return RuntimeError("prompt-policy: the policies cannot be used; the errors are printed at the end")


async def _finish_startup(callback: PolicyCallback) -> None:
    """Remove duplicate entries of the callback, and log the policy of each deployment, then and later."""
    import litellm

    if litellm.callbacks.count(callback) > 1:
        first = litellm.callbacks.index(callback)
        litellm.callbacks[:] = [c for i, c in enumerate(litellm.callbacks) if c is not callback or i == first]
        log.warning("the callback is listed more than once; it runs once")
    await announce_forever(lambda: callback.resolver)


def _log_startup_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the deployments' policies could not be logged", exc_info=error)

"""The start in a proxy: settings, policies, and a line in the log for every deployment."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_policy.errors import PromptPolicyError, UsageError
from prompt_policy.litellm.binding import BOUND, Binding
from prompt_policy.litellm.foreign import Foreign
from prompt_policy.litellm.versions import installed_litellm, own_requirements, remark_on
from prompt_policy.policy.load import load_paths
from prompt_policy.policy.mistakes import near
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.report import Reporter, reporter_of, sample_of
from prompt_policy.runtime.store import Fixed, Source, Store
from prompt_policy.runtime.visible import make_visible

if TYPE_CHECKING:
    from prompt_policy.litellm.host import PolicyCallback

log = logging.getLogger("prompt_policy")
_SETTINGS: Final = ("path", "log_sample")


def make_callback() -> PolicyCallback:
    """Load the policies that LiteLLM's settings name, and return the callback that enforces them."""
    make_visible(log)
    if (remark := remark_on(installed_litellm(), own_requirements())) is not None:
        log.log(remark.level, remark.line)
    if "litellm.proxy.proxy_server" not in sys.modules:
        log.warning("outside LiteLLM's proxy the callback sees requests only (of acompletion, atext_completion, "
                    "aresponses): for answers use prompt_policy.openai.wrap")  # fmt: skip
    try:
        settings = _settings()
        bindings = _bindings(_paths(settings))
        reporter = _reporter(settings)
    except PromptPolicyError as error:
        raise _stop(error) from None
    from prompt_policy.litellm.host import PolicyCallback

    callback = PolicyCallback(bindings, reporter)
    try:
        task = asyncio.get_running_loop().create_task(_once_started(callback))
    except RuntimeError:  # no proxy: LiteLLM's SDK, where no event loop runs yet
        return callback
    task.add_done_callback(_log_fault)
    callback.starting = task
    return callback


def _bindings(paths: Sequence[str]) -> Source[Binding]:
    return Store(paths, _bound) if paths else Fixed(Binding(load_paths([])))


def _bound(policies: PolicySet) -> Binding:
    """Compile a set. Raise UsageError where a deployment of the running proxy is bound to one that is not in it."""
    from litellm.proxy.proxy_server import llm_router

    for row in llm_router.get_model_list() or () if llm_router else ():
        if isinstance(name := (row.get("model_info") or {}).get(BOUND), str):
            policies.named(name)
    return Binding(policies)


def _reporter(settings: dict[str, Foreign]) -> Reporter:
    if "log_sample" in settings:
        return Reporter(sample_of(settings["log_sample"], "callback_settings.prompt_policy.log_sample"))
    return reporter_of(os.environ)


def _settings() -> dict[str, Foreign]:
    import litellm

    settings = (litellm.callback_settings or {}).get("prompt_policy") or {}
    if not isinstance(settings, dict):
        raise UsageError("callback_settings.prompt_policy: expected a mapping, such as {path: policies/}")
    for key in settings:
        if key not in _SETTINGS:
            raise UsageError(f"callback_settings.prompt_policy: unknown key '{key}'{near(str(key), _SETTINGS)}")
    return settings


def _paths(settings: dict[str, Foreign]) -> list[str]:
    """Return the policy paths: LiteLLM's setting, else PROMPT_POLICY_PATH, else none for the shipped library."""
    given = settings.get("path")
    if given is None:
        return [path for path in os.environ.get("PROMPT_POLICY_PATH", "").split(os.pathsep) if path]
    paths = [given] if isinstance(given, str) else given
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        raise UsageError("callback_settings.prompt_policy.path: expected a path or a list of paths")
    return [_beside_config(path) for path in paths]


def _beside_config(path: str) -> str:
    """Return a relative path as LiteLLM's config file means it, or as given where nothing is there."""
    from litellm.proxy import proxy_server

    config = getattr(proxy_server, "user_config_file_path", None)
    beside = Path(config).parent / path if config else Path(path)
    return str(beside) if beside.exists() else path


def _stop(error: PromptPolicyError) -> RuntimeError:
    """Have the mistakes be the last thing on the screen: LiteLLM prints a page of traceback after this."""
    atexit.register(lambda: print(f"\nprompt-policy:\n{error}", file=sys.stderr, flush=True))  # noqa: T201 - for the user
    sys.tracebacklimit = 0
    return RuntimeError("prompt-policy: the policies cannot be used; what is wrong is printed at the end")


async def _once_started(callback: PolicyCallback) -> None:
    """Drop a second entry of the callback, and log which policy each deployment gets."""
    import litellm
    from litellm.proxy.proxy_server import llm_router

    if litellm.callbacks.count(callback) > 1:
        first = litellm.callbacks.index(callback)
        litellm.callbacks[:] = [c for i, c in enumerate(litellm.callbacks) if c is not callback or i == first]
        log.warning("the callback is listed more than once; it runs once")
    for row in llm_router.get_model_list() or () if llm_router else ():
        _log_deployment(callback.binding, row)


def _log_deployment(binding: Binding, row: Foreign) -> None:
    alias, model = row.get("model_name"), (row.get("litellm_params") or {}).get("model", "")
    if "*" in model:
        log.info("deployment %s (%s): its policy is chosen by the name in each request", alias, model)
        return
    try:
        selected = binding.selected(model, alias, row.get("model_info") or {})
    except UsageError as error:
        log.error("deployment %s (%s): requests are refused: %s", alias, model, error)
        return
    if selected is None:
        log.warning(
            "deployment %s (%s): NO policy, because no pattern matches; bind one with model_info.%s",
            alias,
            model,
            BOUND,
        )
    else:
        policy = selected.policy
        log.info("deployment %s (%s): policy %s@%s, because %s", alias, model, policy.name, policy.hash, selected.why)


def _log_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the deployments' policies could not be logged", exc_info=error)

"""The Ray Serve LLM host: Ray's OpenAI-compatible app, with the policies inside its ingress.

``build_openai_app`` replaces ``ray.serve.llm:build_openai_app`` in a Serve config file; ``build_app`` is for Python. An
ingress of your own needs neither: ``app.add_middleware(PolicyMiddleware)`` on its FastAPI app. Ray is imported when an
app is built.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from prompt_policy.asgi import PARSER_VARIABLE, PolicyMiddleware
from prompt_policy.errors import UsageError
from prompt_policy.runtime.resolver import (
    PATH_VARIABLE,
    PolicySource,
    create_policy_provider,
    make_absolute,
    parse_policy_paths,
)

if TYPE_CHECKING:
    from ray.serve import Application

DIRECT_STREAMING_VARIABLE: Final = "RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING"
_PREFIX: Final = "PROMPT_POLICY_"


def build_openai_app(llm_serving_args: dict[str, Any]) -> Application:
    """Return ``build_app(llm_serving_args)``: Ray calls the builder of a Serve config file with one argument."""
    return build_app(llm_serving_args)


def build_app(
    llm_serving_args: Any,
    policies: PolicySource = None,
    *,
    name: str | None = None,
    profiles: Sequence[str] | None = None,
    reasoning_parser: bool | None = None,
) -> Application:
    """Return the app of ``ray.serve.llm.build_openai_app``, whose ingress replicas enforce policies.

    The middleware is inside all of Ray's own, so that a check of an API key precedes it. Policies are loaded here, to
    report errors before a replica starts, and again in each replica, which reloads them on change.

    Arguments:
        llm_serving_args: LLMServingArgs, or a dictionary of its fields.
        policies: as ``policy`` of PolicyMiddleware. A path must also exist on the nodes of the ingress replicas.
        name: the policy for every request; None: PROMPT_POLICY_NAME, or selected by model id if that is not set.
        profiles: the active profiles; None: those in PROMPT_POLICY_PROFILES.
        reasoning_parser: whether the engines have a reasoning parser; None: PROMPT_POLICY_REASONING_PARSER, or whether
            ``engine_kwargs`` names one.

    The variables PROMPT_POLICY_* of this process are set in the ingress replicas, unless their runtime environment sets
    them.

    Raise UsageError if the policies could not act, and LoadError if they are invalid.
    """
    serving_args, build = _import_ray()
    _refuse_direct_streaming(os.environ)
    args = serving_args.model_validate(llm_serving_args)
    engines = {config.model_id: config.engine_kwargs for config in args.llm_configs}
    _refuse_middleware(engines)
    resolver = create_policy_provider(policies, name, os.environ, profiles).current
    for model in engines:
        resolver.resolve(model)  # logs a warning if it has no policy
    settings = {
        "policy": make_absolute(os.fspath(policies)) if isinstance(policies, str | os.PathLike) else policies,
        "name": name,
        "profiles": profiles,
        "reasoning_parser": _find_parser(reasoning_parser, engines.values(), os.environ),
        "max_model_len": _find_common(engine.get("max_model_len") for engine in engines.values()),
    }
    return _add_middleware(build(args), settings, _list_variables(os.environ))


def _import_ray() -> tuple[Any, Any]:
    try:
        from ray.serve.llm import LLMServingArgs
        from ray.serve.llm import build_openai_app as build
    except ImportError as error:
        raise UsageError(f"Ray Serve LLM cannot be imported ({error}); install ray[llm]") from error
    return LLMServingArgs, build


def _refuse_direct_streaming(environment: Mapping[str, str]) -> None:
    """Raise UsageError if requests bypass the ingress."""
    if environment.get(DIRECT_STREAMING_VARIABLE) == "1":
        raise UsageError(
            f"{DIRECT_STREAMING_VARIABLE}=1 serves vLLM's own app, without the ingress in which build_app enforces "
            "policies; unset the variable, or call ray.serve.llm.build_openai_app with engine_kwargs: {middleware: "
            "[prompt_policy.asgi.PolicyMiddleware]} and set PROMPT_POLICY_PATH in the runtime_env of the model"
        )


def _refuse_middleware(engines: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UsageError if a model sets a middleware that Ray accepts and never runs."""
    for model, engine in engines.items():
        if engine.get("middleware"):
            raise UsageError(
                f"engine_kwargs.middleware of model {model!r} has no effect, because Ray's ingress answers requests, "
                "and not vLLM's app, to which it belongs; remove it, because build_app adds the policies to the "
                f"ingress, or set {DIRECT_STREAMING_VARIABLE}=1 and call ray.serve.llm.build_openai_app"
            )


def _find_parser(
    value: bool | None, engines: Iterable[Mapping[str, Any]], environment: Mapping[str, str]
) -> bool | None:
    """Return whether the engines have a reasoning parser; None: the environment states it."""
    if value is not None or PARSER_VARIABLE in environment:
        return value
    found = {bool(engine.get("reasoning_parser")) for engine in engines}
    if len(found) > 1:
        raise UsageError(
            "some models have a reasoning_parser in engine_kwargs and others have none, but one ingress serves them "
            "all; build one app for each kind, or set reasoning_parser"
        )
    return found.pop()


def _find_common(values: Iterable[Any]) -> Any:
    """Return the value if all are equal, else None."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _list_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the environment, for processes that may run in another folder."""
    variables = {name: value for name, value in environment.items() if name.startswith(_PREFIX)}
    if paths := parse_policy_paths(environment):
        variables[PATH_VARIABLE] = os.pathsep.join(map(make_absolute, paths))
    return variables


def _add_middleware(application: Any, settings: Mapping[str, Any], variables: Mapping[str, str]) -> Application:
    """Return the application with another ingress class: the middleware is added in each replica.

    Ray copies the FastAPI app when it creates the class, and has no hook for it. Each replica builds its stack of
    middlewares after the constructor, so that the constructor can still add one, whatever path a request takes.
    """
    deployment = application._bound_deployment  # Ray has no public attribute for it
    original: Any = deployment.func_or_class

    class PolicyIngress(original):  # type: ignore[misc]  # a class that Ray created
        async def __init__(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[misc]  # Ray awaits it since 2.60
            await super().__init__(*args, **kwargs)
            _add_innermost(self.app, settings)

    PolicyIngress.__name__, PolicyIngress.__qualname__ = original.__name__, original.__qualname__
    options = _merge_variables(deployment.ray_actor_options or {}, variables)
    changed = deployment.options(func_or_class=PolicyIngress, ray_actor_options=options)
    bound: Application = changed.bind(*deployment.init_args, **deployment.init_kwargs)
    return bound


def _add_innermost(app: Any, settings: Mapping[str, Any]) -> None:
    """Add the middleware to a FastAPI app, inside all others."""
    app.add_middleware(PolicyMiddleware, **settings)
    app.user_middleware.append(app.user_middleware.pop(0))


def _merge_variables(options: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of an actor with environment variables, except those that it sets itself."""
    if not variables:
        return dict(options)
    runtime = options.get("runtime_env") or {}
    return {**options, "runtime_env": {**runtime, "env_vars": {**variables, **(runtime.get("env_vars") or {})}}}

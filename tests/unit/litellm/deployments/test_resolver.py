"""Tests of the selection of a deployment's policy."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import UsageError, load_paths
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from prompt_policy.runtime import Pipeline

RESOLVER = DeploymentResolver(load_paths([]))
R1 = "hosted_vllm/deepseek-ai/DeepSeek-R1"


def pipeline_for(**kwargs: Any) -> Pipeline | None:
    return RESOLVER.resolve(DeploymentCall.from_kwargs(kwargs))


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({"model": R1}, "deepseek-r1"),
        ({"model": R1, "model_info": {"prompt_policy": "deepseek-r1-0528"}}, "deepseek-r1-0528"),
        ({"model": "hosted_vllm/served", "metadata": {"model_group": "DeepSeek-R1"}}, "deepseek-r1"),
        ({"model": "hosted_vllm/served", "litellm_metadata": {"model_group": "DeepSeek-R1"}}, "deepseek-r1"),
        ({"model": "hosted_vllm/served", "metadata": {"model_group": "r1"}}, None),
        ({"model": None, "metadata": None, "model_info": None}, None),
    ],
)
def test_binding_precedes_real_name_precedes_alias(kwargs: dict[str, Any], name: str | None) -> None:
    pipeline = pipeline_for(**kwargs)
    assert (pipeline.name if pipeline else None) == name


def test_policy_is_compiled_once() -> None:
    assert pipeline_for(model=R1) is pipeline_for(model=R1)


@pytest.mark.parametrize("exemption", ["none", False])
def test_exempt_deployment_has_no_policy_and_a_reason(exemption: Any) -> None:
    call = DeploymentCall.from_kwargs({"model": R1, "model_info": {"prompt_policy": exemption}})
    assert RESOLVER.resolve(call) is None
    assert RESOLVER.explain(call) == "its deployment is exempt"
    assert RESOLVER.explain(DeploymentCall.from_kwargs({"model": "acme"})) == "no pattern matches"


@pytest.mark.parametrize(
    ("binding", "error"), [("deepseek-r9", "no policy is named 'deepseek-r9'"), (5, "model_info.prompt_policy is a nu")]
)
@pytest.mark.parametrize(("metadata", "name"), [({"model_group": "tutor"}, "tutor"), ({}, R1)])
def test_invalid_binding_is_an_error_that_names_the_deployment(
    binding: Any, error: str, metadata: dict[str, Any], name: str
) -> None:
    with pytest.raises(UsageError, match=f"^deployment {name}: {error}"):
        pipeline_for(model=R1, model_info={"prompt_policy": binding}, metadata=metadata)


@pytest.mark.parametrize("stated", ["vlm", "", 3, True, ["vllm"]])
def test_an_unknown_backend_is_an_error(stated: Any) -> None:
    with pytest.raises(UsageError, match="model_info.prompt_policy_backend: unknown backend"):
        pipeline_for(model=R1, model_info={"prompt_policy_backend": stated})

"""The values for other projects' charts, rendered by Helm with stand-ins that accept the charts' own values only."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.deploy.image import DEPLOY
from tests.integration.deploy.manifests import check_policy_mounts, list_containers, validate

CHARTS = Path(__file__).parent / "charts"
NAMES = ("litellm", "production-stack")
POLICY_PATH = "/etc/prompt-policy"


def read_values(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((DEPLOY / "helm" / f"{name}.yaml").read_text())
    return values


def render(name: str, values: dict[str, Any]) -> str:
    from helm_python.chart import Chart

    with Chart.load(CHARTS / name) as chart:
        return "\n---\n".join(chart.render(values=values, name="example").values())


@pytest.mark.parametrize("name", NAMES)
def test_the_values_give_valid_manifests(name: str, tmp_path: Path) -> None:
    text = render(name, read_values(name))
    validate(text, tmp_path)
    documents = list(yaml.safe_load_all(text))
    check_policy_mounts(documents)
    [container] = list_containers(documents)
    assert container["image"].startswith("registry.example.com/")


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_value_is_found(name: str) -> None:
    from helm_python.errors import HelmValuesError

    values = read_values(name)
    part = values["gateway"] if name == "litellm" else values["servingEngineSpec"]["modelSpec"][0]
    part["extraVolumesMount"] = []
    with pytest.raises(HelmValuesError, match="extraVolumesMount"):
        render(name, values)


def test_the_proxy_is_configured_as_everywhere() -> None:
    own: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "litellm.yaml").read_text())
    del own["litellm_settings"]["require_auth_for_metrics_endpoint"]  # the chart's metrics have a port of their own
    assert read_values("litellm")["gateway"]["config"]["proxy_config"] == own


def test_the_engine_s_arguments_name_the_middleware() -> None:
    [spec] = read_values("production-stack")["servingEngineSpec"]["modelSpec"]
    [middleware] = [text.partition("=")[2] for text in spec["vllmConfig"]["extraArgs"] if "middleware" in text]
    module, _, name = middleware.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    assert {entry["name"]: entry["value"] for entry in spec["env"]}["PROMPT_POLICY_PATH"] == POLICY_PATH

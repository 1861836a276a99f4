"""The manifests: rendered by kubectl, checked with the schemas of Kubernetes, and restricted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.integration.deploy.image import DEPLOY
from tests.integration.deploy.manifests import Manifest, check_policy_mounts, list_containers, list_pods, validate
from tests.integration.deploy.tools import run_tool

KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = ("hot-reload", "rollout")


def render(overlay: str, folder: Path = KUBERNETES) -> str:
    return run_tool("kubectl", "kustomize", str(folder / overlay))


def read_overlay(overlay: str, folder: Path = KUBERNETES) -> list[Manifest]:
    return list(yaml.safe_load_all(render(overlay, folder)))


def find_policies(documents: list[Manifest]) -> Manifest:
    [found] = [
        item for item in documents if item["kind"] == "ConfigMap" and item["metadata"]["name"].startswith("prompt-p")
    ]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_manifests_are_valid(overlay: str, tmp_path: Path) -> None:
    validate(render(overlay), tmp_path)


def test_a_misspelt_field_is_found(tmp_path: Path) -> None:
    text = render("rollout").replace("terminationGracePeriodSeconds", "terminationGraceSeconds")
    with pytest.raises(AssertionError, match="terminationGraceSeconds"):
        validate(text, tmp_path)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_policies_are_mounted_as_a_folder(overlay: str) -> None:
    documents = read_overlay(overlay)
    check_policy_mounts(documents)
    names = {
        volume["configMap"]["name"]
        for pod in list_pods(documents)
        for volume in pod["volumes"]
        if "configMap" in volume
    }
    assert names == {item["metadata"]["name"] for item in documents if item["kind"] == "ConfigMap"}


def test_a_changed_policy_renames_the_config_map_in_the_rollout_only(tmp_path: Path) -> None:
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    for overlay, renamed in (("hot-reload", False), ("rollout", True)):
        before = find_policies(read_overlay(overlay))["metadata"]["name"]
        policy = tmp_path / "kubernetes" / overlay / "policies" / "r1.yaml"
        policy.write_text(policy.read_text().replace("max: 8192", "max: 4096"))
        after = find_policies(read_overlay(overlay, tmp_path / "kubernetes"))["metadata"]["name"]
        assert (before != after) is renamed
    assert find_policies(read_overlay("rollout"))["immutable"] is True


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_policies_are_valid_and_equal(overlay: str) -> None:
    folder = KUBERNETES / overlay / "policies"
    run_tool("prompt-policy", "check", str(folder))
    run_tool("prompt-policy", "test", str(folder))
    assert find_policies(read_overlay(overlay))["data"] == {path.name: path.read_text() for path in folder.iterdir()}
    other = KUBERNETES / "hot-reload" / "policies"
    assert {path.name: path.read_text() for path in other.iterdir()} == find_policies(read_overlay(overlay))["data"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_has_rights_that_it_does_not_need(overlay: str) -> None:
    for pod in list_pods(read_overlay(overlay)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"].get("readOnlyRootFilesystem", False) is (container["name"] == "litellm")


def test_every_container_is_pinned_limited_and_probed() -> None:
    containers = list_containers(read_overlay("rollout"))
    assert {container["name"] for container in containers} == {"litellm", "vllm"}
    for container in containers:
        assert re.search(r":v\d+\.\d+\.\d+$", container["image"])
        assert "memory" in container["resources"]["limits"]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_the_proxy_reads_the_same_configuration_as_under_compose() -> None:
    own = yaml.safe_load((DEPLOY / "compose" / "litellm.yaml").read_text())
    assert yaml.safe_load((KUBERNETES / "base" / "litellm-config.yaml").read_text()) == own

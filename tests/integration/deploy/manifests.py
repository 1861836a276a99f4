"""What holds for every manifest that this project prints or ships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.integration.deploy.tools import run_tool

Manifest = dict[str, Any]


def validate(text: str, folder: Path) -> None:
    """Check manifests with the schemas of Kubernetes, in which every unknown field is an error."""
    file = folder / "manifests.yaml"
    file.write_text(text)
    printed = run_tool("kubernetes-validate", "--strict", str(file))
    assert "WARN" not in printed, printed  # a kind without a schema
    assert printed.count("passed") >= 1


def list_pods(documents: Sequence[Manifest]) -> Iterator[Manifest]:
    """Yield the specification of each pod."""
    for document in documents:
        if document["kind"] == "Deployment":
            yield document["spec"]["template"]["spec"]


def list_containers(documents: Sequence[Manifest]) -> list[Manifest]:
    """Return all containers."""
    return [container for pod in list_pods(documents) for container in pod["containers"]]


def check_policy_mounts(documents: Sequence[Manifest]) -> None:
    """Assert that policies are mounted as a folder from a ConfigMap, because a ``subPath`` is never updated."""
    mounts = [mount for container in list_containers(documents) for mount in container["volumeMounts"]]
    [policies] = [mount for mount in mounts if mount["mountPath"] == "/etc/prompt-policy"]
    assert policies["readOnly"] is True
    assert [mount for mount in mounts if "subPath" in mount] == []
    volumes = {volume["name"]: volume for pod in list_pods(documents) for volume in pod["volumes"]}
    assert volumes[policies["name"]]["configMap"]["name"].startswith("prompt-policy")
    assert "items" not in volumes[policies["name"]]["configMap"]

"""Print what the installed LiteLLM's proxy requires, without its own companion packages: it runs without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.requirements import Requirement


def list_requirements(declared: Iterable[str]) -> Iterator[str]:
    """Yield those of a package's requirements that only its extra ``proxy`` has, for this machine."""
    for requirement in map(Requirement, declared):
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}) or requirement.name.startswith("litellm-"):
            continue
        if marker.evaluate({"extra": "proxy"}):
            yield f"{requirement.name}{requirement.specifier}"


if __name__ == "__main__":
    for line in list_requirements(metadata.requires("litellm") or ()):
        print(line)  # noqa: T201 - for an installer

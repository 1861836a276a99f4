"""The policies of a tree, loaded once for all hosts."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from prompt_policy import LoadError, Pipeline, PolicySet, load_paths
from tests.properties.differential.adapters import internal, library_folder, spellings
from tests.properties.differential.case import BY_MODEL_NAME


class Policies:
    """The shipped policies and those that the cases add.

    Arguments:
        tree: the root of the tree.
        extras: policies as mappings.
        folder: an empty folder for their files.
    """

    def __init__(self, tree: Path, extras: list[dict[str, Any]], folder: Path) -> None:
        shipped = library_folder(tree)
        self.library = load_paths([shipped])
        for extra in extras:
            _write(extra, folder / f"{extra['name']}.yaml")
        self.paths = os.pathsep.join([str(shipped), str(folder)])
        both = load_paths([shipped, folder])
        self.by_name = {policy.name: policy for policy in both.policies}
        self.hashes = {policy.name: policy.hash for policy in both.policies}
        self._resolvers: dict[str, Any] = {}

    @cached_property
    def pipelines(self) -> dict[str, Pipeline]:
        """A pipeline for each policy."""
        return {name: Pipeline(policy) for name, policy in self.by_name.items()}

    def given(self, name: str) -> Any:
        """Return what a host is given to enforce: the shipped set if the model's name decides, else one policy."""
        return self.library if name == BY_MODEL_NAME else self.by_name[name]

    def pipeline(self, name: str, model: object) -> Pipeline | None:
        """Return the pipeline for a case, or None if no policy matches the model's name."""
        if name != BY_MODEL_NAME:
            return self.pipelines[name]
        selected = self.library.select(model if isinstance(model, str) else "")
        return self.pipelines[selected.policy.name] if selected else None

    def resolver(self, name: str) -> Any:
        """Return the resolver that a host of bytes passes to ``open_exchange``."""
        if name not in self._resolvers:
            given = self.given(name)
            is_set = isinstance(given, PolicySet)
            self._resolvers[name] = internal("Resolver")(
                given if is_set else PolicySet([given]), None if is_set else name
            )
        return self._resolvers[name]


def _write(policy: dict[str, Any], path: Path) -> None:
    """Write a policy's file with the keys that this tree knows. Raise LoadError if it knows none of the spellings."""
    mistakes: LoadError | None = None
    for spelling in spellings(policy):
        path.write_text(json.dumps(spelling, ensure_ascii=False))  # which is YAML, too
        try:
            load_paths([path])
        except LoadError as error:
            mistakes = mistakes or error
        else:
            return
    assert mistakes is not None
    raise mistakes

"""The kinds of rules: one module per kind, discovered in this folder.

To add a kind, add a module here with one subclass of ``Rule`` whose ``kind`` is the module's name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from prompt_policy.kinds.base import Filter, FilterContext, FilterFactory, Rule, Skip, Transform

__all__ = ["Filter", "FilterContext", "FilterFactory", "Rule", "Skip", "Transform", "discover_kinds"]


@cache
def discover_kinds() -> Mapping[str, type[Rule]]:
    """Return every kind's class by name, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base" and not module.ispkg:
            found[module.name] = _find_rule(f"{__name__}.{module.name}")
    return MappingProxyType(found)


def _find_rule(module_name: str) -> type[Rule]:
    module = importlib.import_module(module_name)
    rules = [item for item in vars(module).values() if isinstance(item, type) and item.__module__ == module_name]
    return next(item for item in rules if issubclass(item, Rule))

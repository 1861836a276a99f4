"""What a rule does: one module per kind, found by looking into this folder.

To add a kind, add a module here with one subclass of ``Rule`` whose ``kind`` is the module's name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from prompt_policy.kinds.base import Filter, FilterFactory, Rule, Sent, Skip, Transform

__all__ = ["Filter", "FilterFactory", "Rule", "Sent", "Skip", "Transform", "kinds"]


@cache
def kinds() -> Mapping[str, type[Rule]]:
    """Return every kind's class by name, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base" and not module.name.startswith("_"):
            found[module.name] = _rule_of(f"{__name__}.{module.name}")
    return MappingProxyType(found)


def _rule_of(module_name: str) -> type[Rule]:
    module = importlib.import_module(module_name)
    rules = [item for item in vars(module).values() if isinstance(item, type) and item.__module__ == module_name]
    return next(item for item in rules if issubclass(item, Rule))

"""Host for LiteLLM's proxy: list ``prompt_policy.litellm.callback`` under ``litellm_settings.callbacks``.

Importing this package does nothing. The first access to ``callback`` loads the policies and creates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_policy.litellm.hooks import PolicyCallback

    callback: PolicyCallback


def __getattr__(name: str) -> PolicyCallback:
    if name != "callback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from prompt_policy.litellm.startup import create_callback

    created = globals()["callback"] = create_callback()
    return created

"""Host: LiteLLM's proxy. Put ``prompt_policy.litellm.callback`` under ``litellm_settings.callbacks``.

The callback is made when it is first asked for; importing this package does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_policy.litellm.host import PolicyCallback

    callback: PolicyCallback


def __getattr__(name: str) -> PolicyCallback:
    if name != "callback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from prompt_policy.litellm.start import make_callback

    made = globals()["callback"] = make_callback()
    return made

"""WebSocket sessions for Responses: LiteLLM makes a nested call for each request, or relays the provider's session.

LiteLLM shows callbacks the requests of the first kind, and no answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.calls.conversions import is_relayed
from prompt_policy.litellm.calls.nesting import OuterCall, mark_nested_calls
from prompt_policy.litellm.calls.notices import Notices
from prompt_policy.litellm.state import RequestState
from prompt_policy.wire import JsonObject
from prompt_policy.wire.capabilities import Capability

_HIDDEN: Final[Mapping[Capability, str]] = MappingProxyType(
    {"visible_answer": "LiteLLM shows no answers over WebSockets"}
)
_REQUEST_ONLY: Final = "no policy covers answers over WebSockets for Responses; their requests get no prefill"
_RELAYED: Final = "requests over WebSockets that LiteLLM relays to the provider are not covered by any policy"


def begin_session(call: DeploymentCall, state: RequestState, notices: Notices) -> JsonObject | None:
    """Return the arguments of a session so that policies apply to its requests; None if LiteLLM relays it.

    A request in a session has no keywords of LiteLLM's own: LiteLLM takes over the parameters of Responses only.
    """
    if is_relayed(call.kwargs):
        notices.warn_once(_RELAYED)
        return None
    notices.warn_once(_REQUEST_ONLY)
    state.obstacles = _HIDDEN
    return mark_nested_calls(call.kwargs, OuterCall(state, call._replace(client_body={}), is_session=True))

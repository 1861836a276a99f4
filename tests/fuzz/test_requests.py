"""Hostile requests, as the hosts that see bytes meet them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire import Endpoint
from tests.fuzz.bodies import ENDPOINTS, bodies_for
from tests.fuzz.policies import ENFORCED, UNTOUCHING
from tests.fuzz.properties import check_request, check_untouched

EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS)


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(ENFORCED)))
def test_no_request_is_harmed(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    check_request(ENFORCED[policy], endpoint, data.draw(bodies_for(endpoint)))


@EVERY
@given(data=st.data(), policy=st.sampled_from(list(UNTOUCHING)))
def test_a_policy_without_effect_hands_on_the_very_bytes(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    check_untouched(UNTOUCHING[policy], endpoint, data.draw(bodies_for(endpoint)))

"""Hostile requests, rewritten as by the hosts that work on bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire import Endpoint
from tests.properties.fuzz.bodies import ENDPOINTS, request_bodies
from tests.properties.fuzz.policies import ENFORCED, INEFFECTIVE
from tests.properties.fuzz.properties import check_request, check_unchanged

EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS)


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(ENFORCED)))
def test_hostile_requests(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    check_request(ENFORCED[policy], endpoint, data.draw(request_bodies(endpoint)))


@EACH_ENDPOINT
@given(data=st.data(), policy=st.sampled_from(list(INEFFECTIVE)))
def test_policy_without_effect_forwards_the_same_bytes(endpoint: Endpoint, data: st.DataObject, policy: str) -> None:
    check_unchanged(INEFFECTIVE[policy], endpoint, data.draw(request_bodies(endpoint)))

"""The models of a policy file."""

from __future__ import annotations

from prompt_policy.policy.document import Policy
from tests.support import policy_of

RULE = {"kind": "reject", "message": "no"}


def test_the_hash_is_of_what_the_policy_does() -> None:
    plain = policy_of(RULE)
    source = {"url": "https://example.org", "date": "2025-01-01", "says": "x"}
    told = policy_of(RULE, description="x", sources=[source], tests=[{"name": "a", "request": {}, "expect": {}}])
    assert plain.hash == told.hash
    assert len(plain.hash) == 12
    assert plain.hash != policy_of(RULE, mode="audit").hash
    assert plain.hash != policy_of({**RULE, "message": "yes"}).hash


def test_the_order_of_rules_is_in_the_hash() -> None:
    one, two = {**RULE, "name": "one"}, {**RULE, "name": "two"}
    assert policy_of(one, two).hash != policy_of(two, one).hash


def test_the_schema_knows_every_kind_and_key() -> None:
    schema = Policy.model_json_schema()
    assert set(schema["properties"]["rules"]["items"]["discriminator"]["mapping"]) >= {"clamp", "reject"}
    assert schema["additionalProperties"] is False

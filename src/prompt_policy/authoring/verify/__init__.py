"""Verify that the pages behind a policy still contain what the policy cites."""

from prompt_policy.authoring.verify.pages import OnlinePages, Pages, SnapshotPages
from prompt_policy.authoring.verify.verification import SourceResult, verify_sources

__all__ = ["OnlinePages", "Pages", "SnapshotPages", "SourceResult", "verify_sources"]

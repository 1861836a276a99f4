"""Settings for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.echoes"]

# A slow machine is no failure; the others are for long runs by hand: pytest --hypothesis-profile thorough.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=20_000)
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=10_000)
settings.load_profile("default")

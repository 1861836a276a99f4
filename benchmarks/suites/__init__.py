"""The suites of ``python -m benchmarks``: each has a function ``measure`` that yields figures."""

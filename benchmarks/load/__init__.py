"""Load on a LiteLLM proxy while its policies are edited: ``python -m benchmarks.load --help``."""

"""Benchmark a policy: accuracy and latency with and without it, with intervals. Needs the extra ``bench``."""

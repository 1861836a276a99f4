"""What prompt-policy costs, as ratios measured in one run: ``python -m benchmarks``."""

"""The questions of the benchmark."""

"""A Ray node of one machine with two Serve apps; runs in Ray's environment, which has no pytest."""

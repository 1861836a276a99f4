"""Reasoning within complete texts: where it ends, and which tags are only mentioned."""

"""Finds where a pattern of a policy file matches, in linear time."""

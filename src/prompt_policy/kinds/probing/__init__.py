"""What a probe of a server means for a rule."""

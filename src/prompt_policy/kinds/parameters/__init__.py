"""The parameters that `clamp` keeps within bounds."""

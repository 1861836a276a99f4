"""Model names: their spellings, the families in them, and the globs that match them."""

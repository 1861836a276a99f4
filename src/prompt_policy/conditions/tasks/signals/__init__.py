"""The signals by which user turns are classified, one module per source of evidence."""

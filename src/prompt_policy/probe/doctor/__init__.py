"""``prompt-policy doctor``: one marked request that shows whether a running server enforces a policy."""

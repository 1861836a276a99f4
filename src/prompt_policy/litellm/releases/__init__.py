"""What depends on the release of LiteLLM that is installed."""

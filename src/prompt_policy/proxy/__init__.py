"""The proxy in one command: LiteLLM with the policies, in front of a backend or of one that echoes."""

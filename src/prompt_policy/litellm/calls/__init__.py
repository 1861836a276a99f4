"""The kinds of calls that LiteLLM makes: which ones a policy covers, and which of them LiteLLM converts to another."""

"""The launcher's files: the state and the log of each vLLM."""

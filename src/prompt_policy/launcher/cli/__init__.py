"""The verbs of ``prompt-policy vllm``, one module for each."""

"""What ``prompt-policy vllm`` can do: one module for each verb."""

"""Chat templates, rendered with and without the shipped policies.

The templates in this folder are our own. Each imitates one of a maker's that no package on the index contains:
DeepSeek-R1 of January 2025, EXAONE Deep, Gemma 3, Llama-Nemotron, Phi-4-reasoning, Qwen3-Thinking-2507, and the plain
ChatML of forks. For all other families ``makers.yaml`` names the real ones, which ``tests/support/maker_templates.py``
fetches and renders.
"""

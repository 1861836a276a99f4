"""Facts about this machine: its vLLM installation, checkpoints, GPUs, memory, processes and ports."""

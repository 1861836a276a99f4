# syntax=docker/dockerfile:1
# vLLM with prompt-policy, for pods without a proxy. Build it at the top of this repository:
#
#   docker build -f deploy/images/vllm.Dockerfile -t vllm-prompt-policy:v0.33.0 .
#
# vLLM's image contains uv and no virtual environment, so uv needs --system. User 2000 is the image's own user `vllm`.
# The policy acts once vLLM is started with `--middleware prompt_policy.asgi.PolicyMiddleware`.
FROM vllm/vllm-openai:v0.33.0
RUN --mount=target=/src,rw \
    uv pip install --no-cache --system /src \
    && python3 -c "from prompt_policy.asgi import PolicyMiddleware" \
    && prompt-policy policies list
USER 2000:0
HEALTHCHECK --interval=15s --timeout=5s --start-period=20m --retries=5 \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]

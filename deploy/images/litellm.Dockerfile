# syntax=docker/dockerfile:1
# LiteLLM's proxy with prompt-policy. Build it at the top of this repository:
#
#   docker build -f deploy/images/litellm.Dockerfile -t litellm-prompt-policy:v1.110.2 .
#
# LiteLLM's image runs in an environment of uv, /app/.venv, which has no pip. uv is mounted for one step and stays out of
# the image. The user is the base image's: Prisma's engine, which a database needs, lies in that user's home. Without a
# database no root is needed; compose.yaml and the manifests run this image as user 65532.
FROM ghcr.io/astral-sh/uv:0.12.22 AS uv

FROM ghcr.io/berriai/litellm:v1.110.2
RUN --mount=from=uv,source=/uv,target=/usr/local/bin/uv --mount=target=/src,rw \
    uv pip install --no-cache --python /app/.venv/bin/python3 /src prometheus-client \
    && /app/.venv/bin/python3 -c "from prompt_policy.litellm import callback" \
    && /app/.venv/bin/prompt-policy policies list
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=5 \
    CMD ["/app/.venv/bin/python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:4000/health/liveliness', timeout=4)"]

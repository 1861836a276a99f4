"""``python -m prompt_policy.proxy.echo --port 8000``."""

from prompt_policy.proxy.echo.server import main

main()

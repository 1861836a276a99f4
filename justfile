# The tasks of a contributor; CONTRIBUTING.md explains them. `just` comes with `pip install -e ".[dev]"`.

export NO_MKDOCS_2_WARNING := "1"

# List the recipes.
default:
    @just --list --unsorted

# Install the package for development, and the hooks of git.
install:
    pip install -e ".[dev]"
    pre-commit install

# Run all tests, or those that ARGS name.
test *ARGS:
    pytest -n 2 {{ ARGS }}

# Run the tests of the core, in about half a minute.
test-fast:
    pytest -q tests/unit/kinds tests/unit/policy tests/unit/wire tests/unit/conditions tests/unit/runtime

# Run all tests but those that need a real vLLM or Ray.
test-no-vllm:
    pytest -n 2 -m "not vllm and not ray"

# Check style, format and spelling.
lint:
    ruff check .
    ruff format --check .
    codespell

# Apply the fixes that ruff can make by itself.
format:
    ruff check --fix .
    ruff format .

# Check types.
types:
    mypy

# Run the hooks of git on every file.
hooks:
    pre-commit run --all-files

# Write the generated pages of the documentation.
generate:
    python docs/generate.py

# Check every shipped policy, and run its cases.
policies:
    prompt-policy check --strict policies/
    prompt-policy test --strict policies/

# Build the documentation site into site/.
docs:
    mkdocs build --strict

# Serve the documentation site on http://127.0.0.1:8000, and rebuild it after each change.
docs-serve:
    mkdocs serve

# Measure what prompt-policy costs: all suites, or those that SUITES name.
bench *SUITES:
    python -m benchmarks {{ SUITES }}

# Test the laws over many more examples than `test` does; some minutes.
laws:
    pytest --hypothesis-profile thorough tests/properties/test_laws.py tests/unit/kinds

# Test hostile input over 10,000 examples for each endpoint and host.
fuzz:
    pytest --hypothesis-profile fuzz tests/properties/fuzz

# Send load while policies are edited; some minutes.
load:
    python -m benchmarks.load --requests 10000 --streams 500 --workers 2 --pause 0.4

# Watch memory, file descriptors and tasks under load for half an hour; writes soak.json.
soak:
    python -m benchmarks.load --minutes 30 --rate 6 --control --edit-pause 3 --json soak.json

# Run the gate: all steps, or those that STEPS name.
gate *STEPS:
    bash .ci/run {{ STEPS }}

VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
BENCH = .venv-bench
CHECKS ?=
CONSTRAINTS ?= constraints.txt
BASE ?= main
PORT ?= 8787
PYTEST_ARGS ?=
SECONDS ?= 300
SEED ?=
BENCH_ARGS ?=
RELEASE ?=
export RELEASE
# Many images set it. Each of the hundreds of processes that the tests start would compile all anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo voice test test-docs test-checks test-voice test-lowest coverage
.PHONY: generate check spec-diff
.PHONY: snapshot lock mock bench stress fleet dist clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Set up the virtual environment

%/bin/python:
	@python=$${PYTHON:-$$(sh scripts/pythons | head -n 1)}; \
	test -n "$$python" || { sh scripts/pythons --help >&2; exit 1; }; \
	"$$python" -m venv $*

$(READY): pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    $(addprefix --constraint ,$(CONSTRAINTS)) --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## Create a session against the embedded mock gate
	@$(BIN)/python examples/demo.py

voice: $(READY) ## Talk with the embedded mock gate: sends a sound, writes answer.wav
	@$(BIN)/python examples/voice.py --mock

test: $(READY) ## Run the tests of the SDK, the mock gate and the command
	$(BIN)/python -m pytest -n 6 --dist worksteal \
	    $(addprefix --ignore=tests/,voice docs examples packaging checks) $(PYTEST_ARGS)

test-docs: $(READY) ## Run the README, the pages of the site and the examples as they stand
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/docs tests/examples $(PYTEST_ARGS)

test-checks: $(READY) ## Run the tests of what check and generate do
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/checks $(PYTEST_ARGS)

test-voice: $(READY) ## Run the tests of live voice, with the servers and peers that are installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -rs tests/voice $(PYTEST_ARGS)

test-lowest: $(READY) ## Run the contract tests with the lowest versions that pyproject.toml allows
	@sh scripts/lowest $(BIN)

stress: $(READY) ## Call a gate that misbehaves for SECONDS (300), and count what goes wrong
	$(BIN)/python -m tests.stress --seconds $(SECONDS) $(addprefix --seed ,$(SEED))

fleet: $(READY) ## Let 8 processes share a project, with a limiter and without, and count
	$(BIN)/python -m tests.limits

coverage: $(READY) ## Run all tests and report the lines and branches that none of them reaches
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist loadfile -rs $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: docs docs-serve
docs: $(READY) ## Build the documentation site into site/; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

docs-serve: $(READY) ## Show the documentation site, and build it anew when it changes
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

generate: $(READY) ## Compile openapi.yaml into generated/
	$(BIN)/python -m scripts.generate

check: $(READY) ## Check format, lint, types, spec and generated code; CHECKS="lint mypy" for some
	$(BIN)/python -m scripts.check $(CHECKS)

spec-diff: ## Say what changed in openapi.yaml since BASE (main), with oasdiff
	@command -v oasdiff >/dev/null || \
	{ echo "oasdiff isn't installed: get it at https://github.com/oasdiff/oasdiff" >&2; exit 1; }
	@base=$$(mktemp) && trap 'rm -f "$$base"' EXIT && \
	git show "$(BASE):openapi.yaml" >"$$base" && oasdiff changelog "$$base" openapi.yaml

snapshot: $(READY) ## Take the public API as it is now for the one that `make check` compares with
	$(BIN)/python -m scripts.checks.public_api

lock: $(READY) ## Pin the newest tools that pyproject.toml allows in constraints.txt
	$(BIN)/python -m scripts.checks.constraints

mock: $(READY) ## Run the mock gate on PORT (8787)
	$(BIN)/python -m ai_gate.testing --port $(PORT)

bench: $(BENCH)/bin/python ## Measure the SDK beside httpx and openai; BENCH_ARGS="--full" for all rows
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check '.[bench]'
	$(BENCH)/bin/python -m benchmarks $(BENCH_ARGS)

dist: $(READY) ## Build wheel and sdist into dist/ and try them on all Pythons, bundled too
	@sh scripts/dist $(BIN)

clean: ## Remove the virtual environments and all caches
	rm -rf .venv .venv-* dist site .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

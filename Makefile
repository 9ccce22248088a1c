# The commands of Thor. Every one of them sets up what it needs first; a second run finds it done.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The newest python3 from 3.11 on that is there; PYTHON=/path/to/python names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
WEB := app/dashboard/web
# CHROMIUM=/path/to/chromium names another.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
HAS_NODE = command -v npm >/dev/null && major=$$(node --version) && major=$${major\#v} && test "$${major%%.*}" -ge 20 || \
	{ echo "The dashboard is built with Node 20 or newer and its npm: install both" >&2; exit 1; }
HAS_CHROMIUM = test -x "$(CHROMIUM)" || \
	{ echo "The dashboard is tested in Chromium: install it, or run make test-ui CHROMIUM=/path/to/chromium" >&2; exit 1; }

.PHONY: help setup demo up test test-ui check dashboard faults nulls bench soak load lock clean
.DEFAULT_GOAL := help

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv and install everything

$(STAMP): requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Thor needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Creating $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); } || \
		{ rm -rf $(VENV); echo "Python has no working venv module: on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	@echo "Installing the packages of requirements-dev.txt (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: setup ## Run everything with simulated sessions and a simulated live feed, until Ctrl-C
	@$(BIN)/flask demo $(ARGS)

up: setup ## Run everything: servers, web, workers, beat, Flower, until Ctrl-C
	@$(BIN)/flask up

test: setup ## Run all tests
	@$(BIN)/python -m pytest -q $(ARGS)

test-ui: setup ## Check, build and test the dashboard, in a browser too; needs Node 20, npm and Chromium
	@$(HAS_NODE)
	@$(HAS_CHROMIUM)
	@cd $(WEB) && npm ci && npm run verify
	@cd $(WEB) && CHROMIUM="$(CHROMIUM)" npm run e2e

dashboard: ## Build the dashboard's files; needs Node 20 and npm
	@$(HAS_NODE)
	@cd $(WEB) && npm ci && npm run build

check: setup ## Format, lint, types, layers, migrations, secrets, dependencies, the dashboard's build
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.checks

faults: setup ## Break servers, processes, links and files, and judge what came of it; ARGS="name …" for some
	@$(BIN)/python -m tests.faults $(ARGS)

nulls: setup ## Show what the statistics say of chance alone, and whether they find what is there; ARGS="N8 …" for some
	@$(BIN)/python -m tests.nulls $(ARGS)

bench: setup ## Measure publish, ingest, export, bars, analysis and market hours against their limits, and latencies
	@$(BIN)/python -m benchmarks

soak: setup ## Run everything for an hour, and judge quotes and memory; ARGS="--faults 120" for a fault every two minutes
	@$(BIN)/python -m benchmarks.soak $(ARGS)

load: setup ## Measure both live collectors for 10 minutes at 500 updates a second each; ARGS="--minutes 1" for a trial
	@$(BIN)/python -m benchmarks.collectors $(ARGS)

lock: setup ## Pin the newest allowed versions, with their hashes, in requirements.txt and requirements-dev.txt
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes --no-strip-extras \
		pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes --no-strip-extras -c requirements.txt \
		pyproject.toml --group dev -o requirements-dev.txt

clean: ## Remove .venv and caches; data under var/ stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

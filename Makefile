# Two commands: `make demo` shows the main job on real input, `make test` proves it.
# Both set up all they need. `make help` lists the rest.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export GOTOOLCHAIN ?= local

.DEFAULT_GOAL := help

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(f"Python >= 3.11 is needed, {sys.executable} is {v[0]}.{v[1]}; try: make PYTHON=python3.12" if v < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || sh tools/install_tools.sh venv && test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --editable '.[crash,inspect,emulate,lab,dask]' --group dev
	@$(BIN)/python -m compileall -q src
	@touch $@

setup: $(STAMP) ## the virtual environment with archfit and its development tools

tools: ## what tests need beyond Python (Debian as root; elsewhere what is missing is named)
	@sh tools/install_tools.sh

demo: $(STAMP) ## real misfits found in real binaries and on this host
	@$(BIN)/python tools/demo.py

check: $(STAMP) ## lint, types, import contracts, docs, unit tests; under two minutes
	@$(BIN)/ruff format --check --quiet src tests tools
	@$(BIN)/ruff check --quiet src tests tools
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/docs.py --check
	@$(BIN)/pytest -n 2 -m 'not slow' --ignore=tests/oracle --ignore=tests/fuzz --ignore=tests/planted

test: $(STAMP) tools ## everything: the checks, then all tests with real tools
	@$(MAKE) --no-print-directory check
	@$(BIN)/python tools/fetch_fixtures.py
	@$(BIN)/python tools/bench_tree.py
	@ARCHFIT_FUZZ=$${ARCHFIT_FUZZ:-20000} $(BIN)/pytest -n 2

bench: $(STAMP) ## each figure beside its peer, in one run
	@$(BIN)/python tools/bench_tree.py
	@$(BIN)/python tools/bench_check.py
	@$(BIN)/python tools/bench_text.py
	@$(BIN)/python tools/bench_traceback.py
	@$(BIN)/python tools/bench_symbolize.py
	@$(BIN)/python tools/bench_unwind.py
	@$(BIN)/python tools/bench_cluster.py

bench-diagnosis: $(STAMP) ## make bench-diagnosis CASES=DIR: how often the first answer is right
	@$(BIN)/python tools/bench_diagnosis.py --verbose "$(CASES)"
	@$(BIN)/python tools/outputs.py

docs: $(STAMP) ## pages of rules, facts and verbs, drawn from the code
	@$(BIN)/python tools/docs.py

docs-check: $(STAMP) ## fails when a page is stale
	@$(BIN)/python tools/docs.py --check

new-rule: $(STAMP) ## make new-rule ID=run.some-cause
	@$(BIN)/python tools/new_rule.py "$(ID)"

format: $(STAMP) ## put the code in form
	@$(BIN)/ruff format --quiet src tests tools
	@$(BIN)/ruff check --quiet --fix src tests tools

clean: ## away with what make made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo

.PHONY: help setup tools demo check test bench bench-diagnosis docs docs-check new-rule format clean

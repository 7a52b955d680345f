# What a developer needs; `make help` lists it. Each target sets itself up in a virtual environment.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Most tests wait for something: for a server, a process, a deadline.
PYTEST_WORKERS ?= 3
PYTEST := -m pytest -n $(PYTEST_WORKERS) --dist worksteal
READY := $(VENV)/.ready

.PHONY: help setup test fast lint format types layers docs build compiled demo bench faults compare-redaction clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[all,azure]' --group dev --group docs
	@touch $@

setup: $(READY) ## Make the virtual environment with everything in it

test: $(READY) ## Run all tests; those that need a server say so where it is missing
	$(BIN)/python $(PYTEST)

fast: $(READY) ## Run the tests that need no server and start no application
	$(BIN)/python $(PYTEST) -m 'not slow and not servers'

lint: $(READY) ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY) ## Check types
	$(BIN)/mypy

layers: $(READY) ## Check which room imports which
	$(BIN)/lint-imports

docs: $(READY) ## Build the documentation, warnings are errors
	$(BIN)/sphinx-build --fail-on-warning --keep-going --builder html docs docs/_build/html

build: $(READY) ## Build the wheel and the source distribution
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build

compiled: .venv-compiled/.ready ## Build the wheel with compiled modules, and run the fast tests on it as it is installed
	@cc=$${CC:-$$(.venv-compiled/bin/python -c 'import sysconfig; print(sysconfig.get_config_var("CC"))')}; \
	  command -v $${cc%% *} >/dev/null || { echo "make compiled needs a C compiler, and there is no $${cc%% *}" >&2; exit 1; }
	rm -rf build/compiled
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 .venv-compiled/bin/python -m build --outdir build/compiled
	.venv-compiled/bin/python -m pip install --quiet --force-reinstall --no-deps build/compiled/logcapy-*.whl
	.venv-compiled/bin/python tools/check_compiled.py
	.venv-compiled/bin/python $(PYTEST) -m 'not slow and not servers'

.venv-compiled/.ready: pyproject.toml
	$(PYTHON) -m venv .venv-compiled
	.venv-compiled/bin/python -m pip install --quiet --upgrade pip
	.venv-compiled/bin/python -m pip install --quiet build '.[all,azure]' --group dev
	@touch $@

demo: .venv-demo/.ready ## See it work: an application, its requests, and what arrives
	.venv-demo/bin/python tools/demo.py

.venv-demo/.ready: pyproject.toml
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip install --quiet --upgrade pip
	.venv-demo/bin/python -m pip install --quiet --editable '.[fastapi]' uvicorn
	@touch $@

bench: .venv-bench/.ready ## Measure LogCapy beside its peers, and write docs/benchmarks.md; BENCH='--quick' is short
	rm -rf .venv-bench/logcapy .venv-bench/compiled .venv-bench/dist
	.venv-bench/bin/python -m pip install --quiet --no-deps --no-build-isolation --target .venv-bench/logcapy .
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 .venv-bench/bin/python -m build --outdir .venv-bench/dist >/dev/null && \
	  .venv-bench/bin/python -m pip install --quiet --no-deps --target .venv-bench/compiled .venv-bench/dist/logcapy-*.whl || \
	  echo "LogCapy could not be compiled here: it is measured in plain Python only" >&2
	.venv-bench/bin/python -m tests.benchmarks --logcapy .venv-bench/logcapy --compiled .venv-bench/compiled $(BENCH)

faults: $(READY) ## Put LogCapy through the 30 faults of docs/reliability.md; FAULTS='--short' is short
	$(BIN)/python tools/faults.py $(FAULTS)

compare-redaction: .venv-redaction/.ready ## Measure redaction beside its peers on one corpus, and write docs/redaction.md
	.venv-redaction/bin/python tools/compare_redaction.py --markdown docs/redaction.md

.venv-redaction/.ready: tests/comparison/requirements.txt tests/benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-redaction
	.venv-redaction/bin/python -m pip install --quiet --upgrade pip
	.venv-redaction/bin/python -m pip install --quiet --requirement tests/comparison/requirements.txt
	@touch $@

.venv-bench/.ready: tests/benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --upgrade pip
	.venv-bench/bin/python -m pip install --quiet --requirement tests/benchmarks/requirements.txt
	@touch $@

clean: ## Remove what was built
	rm -rf $(VENV) .venv-compiled .venv-demo .venv-bench .venv-redaction build dist docs/_build .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

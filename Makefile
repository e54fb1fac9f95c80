# Every target sets up its environment by itself: Python 3.11 or newer and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Words for pytest, such as: make test ARGS="-k embedded"; or for the kill test: make chaos ARGS="--seed 7". The coverage
# of a part of the tests is not judged.
ARGS ?=
# Many tests wait for pauses that a crawl keeps, so there are more processes than processors.
TEST_PROCESSES ?= 5

# Tests and the demo start hundreds of processes. Where compiled modules may not be kept, each compiles all of them anew,
# and everything takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-bench chaos chaos-browser chaos-salesforce coverage check bench clean

help: ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## Make .venv and install exactly what requirements.lock names

demo: $(STAMP) ## Sample PDF -> schools -> websites -> staff -> demo-output/leads.csv, on this machine alone
	$(BIN)/title1 demo

run: $(STAMP) ## Database, API, worker and dashboard
	$(BIN)/title1 up

test: $(STAMP) ## All tests but those of test-bench
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal -m "not bench" $(ARGS)

test-bench: $(STAMP) ## The benchmark of crawls in small, each part of it
	$(BIN)/python -m pytest -m bench $(ARGS)

chaos: $(STAMP) ## 24 kills at random moments of a crawl of 200 schools, beside an undisturbed one; some ten minutes
	$(BIN)/python -m tests.chaos.run $(ARGS)

chaos-browser: $(STAMP) ## 200 pages in a browser, 20 of which hang; some six minutes
	$(BIN)/python -m tests.chaos.browser $(ARGS)

chaos-salesforce: $(STAMP) ## 10,000 people to a fake Salesforce with random faults and 20 killed workers; some five minutes
	$(BIN)/python -m tests.chaos.salesforce $(ARGS)

coverage: $(STAMP) ## All tests, twice as long; fails below the branch coverage that pyproject.toml asks for
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(TEST_PROCESSES) --dist worksteal -m "not bench" $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report $(if $(ARGS),--fail-under=0)

check: $(STAMP) ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

bench: $(STAMP) ## Every program in benchmarks/
	@set -e; for program in $(filter-out %/__init__.py,$(wildcard benchmarks/*.py)); do \
		echo "== $$program"; $(BIN)/python $$program; \
	done

clean: ## Remove what make made: the environment, caches, reports, the demo's output. Never a database
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov build dist demo-output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Modules are compiled when they are first used, which saves a quarter of the time here.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Title1 needs Python 3.11 or newer; $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
			"Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-compile --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --editable .
	@touch $@

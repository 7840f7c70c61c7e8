# The verbs a person needs. CI (.ci/run) calls the same ones.
#   make setup    a virtual environment in .venv with headwater (editable) and all its extras
#   make check    ruff, mypy --strict, the house's layers
#   make test     everything above is set up, Neo4j included, and every test runs
#   make demo     examples/flights on the local graph: run, run again, ask where the result came from
#   make bench    the benchmarks against the peer, as a table     (QUICK=1: small sizes)
#   make scale    questions over histories of 10,000 to 1,000,000 calls on Neo4j  (ARGS="--keep FOLDER")
#   make faults   the fault suite on more seeds                   (N=1000)
#   make properties  random workflows, many for each property  (N=1000)
#   make edits    random edits of what was recorded, each to be found  (N=10000)
#   make pythons  a small workflow under each of Python 3.10, 3.12 and 3.13 that is here; CI does not run it
#   make docs     every link and every code block of README and docs/

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PY := $(BIN)/python
WORKERS ?= 3
N ?= 50

.PHONY: help setup compiled check lint types layers test demo bench scale faults properties edits pythons docs clean

help:
	@sed -n 's/^#   //p' Makefile

setup: $(VENV)/.ready

$(VENV)/.ready: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "headwater needs Python 3.10 or newer; this is $$($(PYTHON) --version). Type: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[test,frames,flights,check]'
	@touch $@

check: lint types layers

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The wings are type-checked under the names they are imported by, so they are laid out that way first.
types: setup
	@rm -rf .build/types/headwater && mkdir -p .build/types/headwater
	@ln -s $(CURDIR)/headwater/* $(CURDIR)/cypher $(CURDIR)/engine $(CURDIR)/lineage .build/types/headwater/
	cd .build/types && MYPYPATH=. $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p headwater
	cd .build/types && MYPYPATH=.:$(CURDIR)/examples/flights $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml \
	  $(CURDIR)/examples/flights/workflow.py $(CURDIR)/examples/flights/helpers.py $(CURDIR)/benchmarks/*.py
	cd .build/types && MYPYPATH=. $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml $(CURDIR)/examples/routes/workflow.py
	cd .build/types && MYPYPATH=. $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml $(CURDIR)/examples/search/workflow.py
	cd .build/types && MYPYPATH=. $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml $(CURDIR)/examples/shards/workflow.py
	cd .build/types && MYPYPATH=. $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml $(CURDIR)/examples/ledger/workflow.py

layers: setup
	$(PY) -m pytest -q -p no:cacheprovider tests/test_house.py

# The tests start thousands of processes of headwater's; where Python is told to write no bytecode, each would compile it.
compiled: setup
	@$(PY) -m compileall -q headwater engine cypher lineage

# Neo4j: the one at NEO4J_URI, else one that tests/conftest.py starts (Java and Maven, or Docker).
test: setup compiled
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup tests

faults: setup compiled
	HEADWATER_FAULT_SEEDS=$(N) $(PY) -m pytest -n $(WORKERS) --dist loadgroup tests/faults

# Random workflows, N for each property, on the local graph.
properties: setup compiled
	HEADWATER_WORKFLOWS=$(N) $(PY) -m pytest -n $(WORKERS) --dist loadgroup --timeout=0 -m workflows -k "not neo4j" tests

# Not on several workers: one project is edited, and mended, again and again. SEED=… for others.
edits: setup
	HEADWATER_EDITS=$(N) HEADWATER_EDITS_SEED=$(or $(SEED),1) $(PY) -m pytest -q -s --timeout=0 tests/faults/test_edits.py

demo: setup
	@bash examples/flights/demo.sh

pythons: setup
	$(PY) tests/pythons.py

bench: setup
	$(PY) -m benchmarks $(if $(QUICK),--quick) $(ARGS)
	$(PY) -m benchmarks.load $(if $(QUICK),--calls 200 --repeat 1)
	$(PY) -m benchmarks.files $(if $(QUICK),--quick)
	$(PY) -m benchmarks.small $(if $(QUICK),--quick)

scale: setup
	$(PY) -m benchmarks.scale $(ARGS)

docs: setup
	$(PY) -m pytest -q tests/docs

clean:
	rm -rf .build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

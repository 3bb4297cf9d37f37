# The commands of this project. All paths are relative and quoted: the folder may hold spaces and any letters.
#   make demo    install, then run the samples through the whole platform and stop
#   make up      install, then run the platform until Ctrl-C
#   make demo-loop  install, training group included, then two rounds of people's judgement, models and better texts
#   make test    install what tests need, then run them      (PYTEST_ARGS="tests/feeds -k csv")
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
PYTEST_ARGS ?=
# Options of the demo of the loop, such as --fresh or --no-policy
LOOP_ARGS ?=
# Workers of the suite. Each starts an embedded PostgreSQL of its own; a file of tests stays with one worker.
JOBS ?= 2
CODE := vitrina pipelines assets resources sensors simulation

# Nothing is made outside of .vitrina and .venv, byte code included
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/pycache
# Images of containers often forbid to write it: each process would compile all that it imports (a quarter of the
# processor time of the suite)
unexport PYTHONDONTWRITEBYTECODE
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help install demo demo-loop up test lint types bench bench-training lock train-env manifest clean clean-data

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

.venv/pyvenv.cfg:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
		echo 'Python 3.11 is needed, and "$(PYTHON)" is not it.' >&2; \
		echo 'Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)' >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'This Python cannot make virtual environments. On Debian: apt-get install python3.11-venv' >&2; exit 1; }
	"$(PYTHON)" -m venv .venv

# The lock is whole, so nothing is resolved (--no-deps; `pip check` proves it), and old versions of pip agree with it.
# Byte code is made when a module is first used: compiling all of it took 26 s of processor time.
.venv/.core.stamp: requirements/core.txt pyproject.toml | .venv/pyvenv.cfg
	@echo 'Installing the locked requirements (about 400 MB, once) …'
	@$(PIP) install --progress-bar off --no-compile --no-deps --require-hashes -r requirements/core.txt | awk \
		-v all="$$(grep -c '^[A-Za-z0-9]' requirements/core.txt)" \
		'/^Collecting/ && ++n % 10 == 0 { print "  " n " of " all " packages fetched"; fflush() } \
		/^Installing collected/ { print "  unpacking them"; fflush() }'
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(PIP) check
	@touch '$@'

# The other groups take versions from the common lock without hashes: a local build of torch has another hash
.venv/.dev.stamp: .venv/.core.stamp requirements/all.txt
	$(PIP) install --quiet --no-build-isolation -c requirements/all.txt -e '.[dev]'
	@touch '$@'

.venv/.train.stamp: .venv/.core.stamp requirements/all.txt
	$(PIP) install --quiet --no-build-isolation -c requirements/all.txt -e '.[train]'
	@touch '$@'

install: .venv/.core.stamp ## the virtual environment with what the platform needs

train-env: .venv/.train.stamp ## add torch, trl and transformers

manifest: .venv/.core.stamp ## the dbt manifest, when a model is newer
	@$(PY) -m vitrina.servers.manifest

demo: .venv/.core.stamp ## the samples, from drop to published catalogue
	@$(PY) -m vitrina.cli.main demo

demo-loop: .venv/.core.stamp .venv/.train.stamp ## made-up people judge, models learn, texts get better: two rounds, a plot
	@$(PY) -m simulation $(LOOP_ARGS)

up: .venv/.core.stamp ## the platform, until Ctrl-C
	@exec $(PY) -m vitrina.cli.main up

test: .venv/.dev.stamp manifest ## the whole suite
	$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -rfEs $(PYTEST_ARGS)

lint: .venv/.dev.stamp ## style, and who may import whom
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports

types: .venv/.dev.stamp ## mypy
	$(PY) -m mypy

bench: .venv/.dev.stamp ## measurements; results in benchmarks/out
	$(PY) -m benchmarks

bench-training: .venv/.dev.stamp .venv/.train.stamp ## the ten acceptance tests of training, with intervals
	nice -n 10 $(PY) -m benchmarks.training

# Hashes are taken from the public index alone, so that every machine accepts the same files
lock: .venv/.dev.stamp ## compile the requirements again
	PIP_CONFIG_FILE=/dev/null PIP_EXTRA_INDEX_URL= PIP_FIND_LINKS= .venv/bin/pip-compile --quiet --upgrade \
		--all-extras --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
		-o requirements/all.txt pyproject.toml
	sed -i.old 's/^\(torch==[0-9.]*\)+[a-z0-9]*/\1/' requirements/all.txt && rm -f requirements/all.txt.old
	PIP_CONFIG_FILE=/dev/null PIP_EXTRA_INDEX_URL= PIP_FIND_LINKS= .venv/bin/pip-compile --quiet --upgrade \
		--generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
		-c requirements/all.txt -o requirements/core.txt pyproject.toml requirements/build.in

clean: ## caches and builds; data stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis benchmarks/out

clean-data: .venv/.core.stamp ## all data of this folder: database, objects, logs
	@$(PY) -m vitrina.servers.clean

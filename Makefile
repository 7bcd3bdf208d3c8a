# `make run` and `make test` work from a fresh clone; they need Python >= 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test test-fast lint fmt bench torture clean

run: $(STAMP)
	$(BIN)/picoengine run

test: lint $(STAMP) services
	$(BIN)/python -m pytest -n auto --dist worksteal

# Some tests need a message broker of their own. Where the package may be installed, it is; else these tests are skipped,
# and say so. What Debian starts with the package is stopped: the tests start a private one, which ends with them.
.PHONY: services
services:
	@test -x /usr/lib/rabbitmq/bin/rabbitmq-server || ./.ci/packages rabbitmq-server

test-fast: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# The long proof of durability, most of an hour: every place to crash, every pair of a crash and one in the recovery,
# 300 kills, ten minutes of everything. Shorter with, say, `make torture EVERY=10 PAIRS_EVERY=20 KILLS=40 MINUTES=1`.
EVERY ?= 1
PAIRS_EVERY ?= 1
KILLS ?= 300
MINUTES ?= 10
SEEDS ?= 3000

torture: $(STAMP)
	PICO_ENGINE_SEEDS=$(SEEDS) $(BIN)/python -m pytest -n auto tests/engine/simulation
	$(BIN)/python -m tests.engine.crash --every $(EVERY) --pairs-every $(PAIRS_EVERY)
	$(BIN)/picoengine torture --only kill --blows 20 --rounds $$(( ($(KILLS) + 19) / 20 ))
	$(BIN)/picoengine torture --minutes $(MINUTES)
	PICOENGINE_TORTURE=1 $(BIN)/python -m pytest tests/transports/amqp/test_amqp_faults.py tests/transports/smtp/test_smtp_kills.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Installed anew only when pyproject.toml has changed.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "picoengine needs Python >= 3.11; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "this Python cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $(STAMP)

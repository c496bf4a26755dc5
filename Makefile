# mesbot. `make help` says what there is. Works with GNU make 3.81 (macOS) and later.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-finished
UV := uv

# The stamp holds the folder it was made in: a moved checkout, or a Python that is gone, sets up anew.
HEALTHY := $(shell test "$$(cat $(STAMP) 2>/dev/null)" = "$$(pwd)" && test -x $(BIN)/mesbot && $(BIN)/python -c 'print("yes")' 2>/dev/null)

.PHONY: help setup run test lint format bench lock clean force

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s%s\n", $$1, $$2 }'

setup: $(STAMP)  ## make .venv from requirements.lock; does nothing the second time

run: setup  ## backtest of seeded synthetic sessions into out/
	@$(BIN)/mesbot backtest --out out

test: setup  ## all tests
	@$(BIN)/python -m pytest

lint: setup  ## ruff and import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

format: setup  ## repair what ruff can repair
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup  ## bars per second and memory, beside the bare Nautilus engine
	@$(BIN)/python backtests/bench.py

lock:  ## renew requirements.lock from pyproject.toml (needs uv; make lock UPGRADE=--upgrade takes newer versions)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv, or make lock UV=/path/to/uv" >&2; exit 1; }
	$(UV) pip compile pyproject.toml --group dev --group build --universal --python-version 3.12 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" --quiet $(UPGRADE) --output-file requirements.lock

clean:  ## remove .venv, out and caches
	rm -rf $(VENV) out .pytest_cache .ruff_cache .import_linter_cache .hypothesis

ifneq ($(HEALTHY),yes)
$(STAMP): force
endif

$(STAMP): requirements.lock pyproject.toml
	@HEALTHY="$(HEALTHY)" sh scripts/make-venv $(VENV) $(STAMP)

force:

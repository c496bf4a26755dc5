# mesbot. `make help` says what there is. Works with GNU make 3.81 (macOS) and later.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-finished
ASYNC_VENV := .venv-ib-async
ASYNC_STAMP := $(ASYNC_VENV)/.setup-finished
UV := uv
# By file: the tests of a file share what they set up. Four at a time on any machine: many wait, for a socket or another process.
# In the order of tests/conftest.py: left to itself, xdist begins with files of many tests, and those of a few long ones come last.
PYTEST := python -m pytest -n 4 --dist loadfile --no-loadscope-reorder
# Where it is set, each of the hundreds of processes that the tests start would compile the bot anew.
unexport PYTHONDONTWRITEBYTECODE

# The stamp holds the folder it was made in: a moved checkout, or a Python that is gone, sets up anew.
healthy = $(shell test "$$(cat $(1)/.setup-finished 2>/dev/null)" = "$$(pwd)" && test -x $(1)/bin/mesbot && $(1)/bin/python -c 'print("yes")' 2>/dev/null)
HEALTHY := $(call healthy,$(VENV))
ASYNC_HEALTHY := $(call healthy,$(ASYNC_VENV))

.PHONY: help setup run notebooks test test-all test-ib-async conformance mutants lint format model model-live recovery bench performance bench-data bench-dashboard bench-peers bench-sweep lock clean force campaign campaign-log bar-files wheel year

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-22s%s\n", $$1, $$2 }'

setup: $(STAMP)  ## make .venv from requirements.lock; does nothing the second time

run: setup  ## backtest of seeded synthetic sessions into out/
	@$(BIN)/mesbot backtest --out out

notebooks: setup  ## run the notebooks of backtests/, each cell (MESBOT_NOTEBOOK_BARS=FILE: on your own minutes; NOTEBOOKS="…": two or more of them)
	@$(BIN)/python scripts/run_notebooks.py $(NOTEBOOKS)

test: setup  ## the tests, but for the slow proofs
	@$(BIN)/$(PYTEST) -m "not slow"

test-all: setup  ## all tests, slow proofs of restarts included
	@$(BIN)/$(PYTEST)

ASYNC_TESTS := tests/bot/ibkr
test-ib-async: $(ASYNC_STAMP)  ## the adapter's tests on ib_async, in an environment of its own
	@$(ASYNC_VENV)/bin/python -c 'import importlib.util as u; assert u.find_spec("ib_async") and not u.find_spec("ib_insync")'
	@$(ASYNC_VENV)/bin/$(PYTEST) $(ASYNC_TESTS)

conformance: setup  ## independent TWS clients against the simulated gateway; skips those it cannot get
	@$(BIN)/python tests/conformance/run.py

wheel: setup  ## build the wheel and try it in new environments, on Python 3.12 and 3.13, from an empty folder (HERE=1: on this one alone)
	@$(BIN)/python tests/wheel/run.py $(if $(HERE),--here)

mutants: setup  ## change what decides, one thing at a time: do its first-line tests notice? (MODULES="bot/decision/book.py" for some)
	@$(BIN)/python tests/mutants/run.py $(MODULES)

lint: setup  ## ruff and import-linter; no file with the marks of a merge
	@! git grep -nE '^(<{7}|>{7})( |$$)' -- . || { echo "The marks of a merge are left in these files." >&2; exit 1; }
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

format: setup  ## repair what ruff can repair
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

DAYS := 5000
model: setup  ## more days of the model of the risk engine: make model DAYS=5000 SEED=2
	@MODEL_DAYS=$(DAYS) MODEL_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -q tests/integration/test_model.py

HOURS := 50
model-live: setup  ## more hours of the live node on the simulated gateway: make model-live HOURS=50 SEED=2
	@MODEL_HOURS=$(HOURS) MODEL_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -q tests/integration/test_live_hour.py

recovery: setup  ## kill -9 of the live node after every commit of an hour with a trade and of one with a kill, and at 50 others; a reconnect
	@$(BIN)/python -m pytest -n 2 --dist load tests/e2e/test_recovery.py tests/bot/ibkr/test_ibkr_reconcile_time.py

SESSIONS := 250
year: setup  ## a year unattended, simulated: restarts, logouts, rolls, New Year; memory, budgets, states: make year SESSIONS=10 FROM=2026-03-04
	@PYTHONPATH=tests/e2e:tests:. $(BIN)/python tests/year/run.py --sessions $(SESSIONS) $(if $(FROM),--from $(FROM)) $(if $(SEED),--seed $(SEED)) $(if $(OUT),--out $(OUT))

SEEDS := 200
campaign: setup  ## the live node against seeded faults of the gateway: make campaign SEEDS=200 FIRST=0 (BROKEN=c: is a broken build caught?)
	@$(BIN)/python tests/campaign/run.py --seeds $(SEEDS) --first $(or $(FIRST),0) $(if $(BROKEN),--broken $(BROKEN))

campaign-log: setup  ## a frame log of the campaign against the adapter alone: make campaign-log LOG=…/frames.jsonl
	@PYTHONPATH=tests:. $(BIN)/python tests/campaign/log_replay.py $(LOG)

bar-files: setup  ## four hundred spoilt files of bars: none is used with a wrong time or price: make bar-files SEED=2
	@BAR_FILES_SEED=$(or $(SEED),20260312) $(BIN)/python -m pytest -q -n auto -m slow tests/bot/bars/test_mutations.py

bench: setup  ## bars per second and memory beside the bare Nautilus engine; latency and ticks per second of the live node
	@$(BIN)/python backtests/bench.py
	@$(BIN)/python backtests/bench_latency.py

performance: setup  ## measure, and write the newest table of docs/performance.md with the machine it was made on (minutes)
	@$(BIN)/python scripts/make_performance_table.py

bench-dashboard: setup  ## what the dashboard costs the bot, and how late it is, in a headless chromium (PICTURES=FOLDER keeps each page)
	@PYTHONPATH=tests/e2e:tests:. $(BIN)/python tests/e2e/measure_dashboard.py $(if $(PICTURES),--pictures $(PICTURES))

bench-peers: setup  ## the same five rules in backtrader and vn.py, each in an environment of its own, beside the bare engine and the whole stack
	@$(BIN)/python backtests/bench_peers.py

bench-data: setup  ## time and memory of judging and reading two million minutes, beside pandas alone
	@$(BIN)/python backtests/bench_data.py

bench-sweep: setup  ## how a sweep scales, the same trials with one worker and with more; what of a trial its trials could share
	@$(BIN)/python backtests/bench_sweep.py

PEERS := backtrader vnpy
lock:  ## renew the three locks from pyproject.toml, and those of bench-peers (needs uv; UPGRADE=--upgrade takes newer versions)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv, or make lock UV=/path/to/uv" >&2; exit 1; }
	$(UV) pip compile pyproject.toml --all-extras --group dev --group browser --group build --universal --python-version 3.12 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" --quiet $(UPGRADE) --output-file requirements.lock
	$(UV) pip compile pyproject.toml --constraint requirements.lock --extra alerts --extra dashboard --group build --universal \
		--python-version 3.12 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet \
		--output-file requirements-unattended.lock
	$(UV) pip compile pyproject.toml requirements-ib-async.in --override requirements-ib-async.in --constraint requirements.lock \
		--all-extras --group dev --group build --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --quiet --output-file requirements-ib-async.lock
	for peer in $(PEERS); do $(UV) pip compile backtests/peers/$$peer.in --constraint requirements.lock --universal --python-version 3.12 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet --output-file backtests/peers/$$peer.lock || exit 1; done

clean:  ## remove all environments, out and caches
	rm -rf $(VENV) $(ASYNC_VENV) $(addprefix .venv-,$(PEERS)) out .pytest_cache .ruff_cache .import_linter_cache .hypothesis

ifneq ($(HEALTHY),yes)
$(STAMP): force
endif

ifneq ($(ASYNC_HEALTHY),yes)
$(ASYNC_STAMP): force
endif

$(STAMP): requirements.lock pyproject.toml
	@HEALTHY="$(HEALTHY)" sh scripts/make-venv $(VENV) $(STAMP) requirements.lock

$(ASYNC_STAMP): requirements-ib-async.lock pyproject.toml
	@HEALTHY="$(ASYNC_HEALTHY)" sh scripts/make-venv $(ASYNC_VENV) $(ASYNC_STAMP) requirements-ib-async.lock

force:

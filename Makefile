# One command to run it (`make dev`), one to test it (`make test`). Each sets itself up from the lock.
PYTHON ?= python3
BIN := .venv/bin
NODE_TESTS := tests/clients/node
PAGE_JUDGES := tests/browser/node
MOBILE := mobile_example
CLERK_TESTS := tests/clients/clerk_native
PYTEST := $(BIN)/python -m pytest

.PHONY: help setup dev test test-faults test-mobile check docs format lock bench bench-quick clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: .venv/ready  ## make .venv from the lock, with hashes

# `--without-pip` and `--python`: a bare Debian python3 has no ensurepip, its pip can still fill the environment.
.venv/ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --require-hashes -r requirements-dev.lock
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

%/node_modules/.ready: %/package-lock.json
	npm ci --prefix $* --no-audit --no-fund --ignore-scripts
	@touch $@

dev: .venv/ready  ## run the broker with simulated providers: nothing to configure
	$(BIN)/broker dev

test: .venv/ready $(NODE_TESTS)/node_modules/.ready $(CLERK_TESTS)/node_modules/.ready $(PAGE_JUDGES)/node_modules/.ready  ## the whole quick suite, in parallel
	@tests/browser/install
	$(PYTEST) -n 4 --dist loadgroup --ignore=tests/faults

test-faults: .venv/ready  ## processes stopped and killed in the middle of a refresh, Redis restarted; minutes of waiting
	$(PYTEST) -n 2 tests/faults

test-mobile: .venv/ready $(MOBILE)/node_modules/.ready  ## the Expo app and its SDK: types, jest, bundles, end to end in Chromium
	@tests/browser/install
	cd $(MOBILE) && node tests/run.mjs

check: .venv/ready  ## ruff, mypy strict, import contracts, the Dockerfile, the house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(PYTEST) -q tests/test_house.py

docs: .venv/ready  ## write docs/providers/ anew from the catalogue
	$(BIN)/broker providers guides docs/providers

format: .venv/ready  ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/ready  ## resolve the dependencies anew; pins and hashes, no registry address
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -q -o requirements.lock $(UPGRADE)
	$(BIN)/uv pip compile pyproject.toml --extra aws --extra vault --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -q -o requirements-keys.lock $(UPGRADE)
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -q -o requirements-dev.lock $(UPGRADE)

bench: .venv/ready  ## exchanges, refreshes, sign-ins, token reads per second of one core; then matching cost by list size
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks custody
	$(BIN)/python -m benchmarks matching

bench-quick: .venv/ready  ## that the benchmarks still run; their figures mean nothing
	$(BIN)/python -m benchmarks --seconds 0.1 --runs 2
	$(BIN)/python -m benchmarks custody --connections 500 --seconds 0.1 --runs 1

clean:  ## forget what was built
	rm -rf .venv $(NODE_TESTS)/node_modules $(CLERK_TESTS)/node_modules $(PAGE_JUDGES)/node_modules $(MOBILE)/node_modules $(MOBILE)/dist $(MOBILE)/dist-native $(MOBILE)/src/sso/dist .pytest_cache .mypy_cache .ruff_cache

# What a developer runs; each target makes the virtual environment if it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
UV := .cache/uv/bin/uv

# Tests start hundreds of interpreters: without compiled files each would compile the package anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check lint types tests beside quick lock newest lowest bench clean

demo: $(VENV)/.ready ## the main features, in five seconds
	$(BIN)/fakefal demo

test: lint types tests ## lint, types and all tests, as CI runs them

check: test

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.ready
	$(BIN)/mypy

tests: $(VENV)/.ready
	$(BIN)/pytest -n auto -m "not matrix"

beside: $(VENV)/.ready ## the fixture beside each of the other plugins
	$(BIN)/pytest -n auto -m matrix

quick: $(VENV)/.ready ## the inner loop: no real clients, no containers, no subprocesses to speak of
	$(BIN)/pytest -n auto -q -m "not blackbox and not slow and not matrix"

bench: $(VENV)/.ready ## lifecycles, streams, memory and cold start, as ratios
	$(BIN)/python -m benchmarks

lock: $(UV) ## renew all lock files
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
		--no-header --no-annotate --extra dev pyproject.toml requirements/build.in \
		requirements/editable.in -o $(LOCK)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate pyproject.toml -o docker/requirements.txt
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate requirements/build.in -o docker/build-requirements.txt
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.10 --no-header \
		--no-annotate requirements/clients.in -o requirements/clients.txt
	for folder in tests/blackbox/js js; do \
		(cd $$folder && rm -f package-lock.json && npm install --package-lock-only \
		--omit-lockfile-registry-resolved --ignore-scripts --legacy-peer-deps --no-audit --no-fund) \
		|| exit 1; done

newest: $(UV) ## all tests on the newest allowed version of everything
	$(UV) venv --quiet --clear --python $(PYTHON) .cache/newest
	$(UV) pip install --quiet --python .cache/newest --upgrade -e '.[dev]'
	.cache/newest/bin/pytest -n auto

lowest: $(UV) ## all tests on the lowest allowed version of everything
	$(UV) venv --quiet --clear --python $(PYTHON) .cache/lowest
	$(UV) pip install --quiet --python .cache/lowest --resolution lowest-direct -e '.[dev]'
	.cache/lowest/bin/pytest -n auto

# Locked where there is a lock; without one, the newest versions of everything.
$(VENV)/.ready: pyproject.toml $(wildcard $(LOCK))
	$(PYTHON) -m venv $(VENV) || \
		(apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV))
	if [ -f $(LOCK) ]; then \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK) && \
		$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	else \
		$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	fi
	touch $@

$(UV):
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

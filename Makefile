# 'make demo' and 'make test' are all that a newcomer types, 'make quick' is for daily work; each
# installs what it needs into .venv.
PYTHON ?= python3
# Which PyTorch: empty takes pip's default; an index address takes the CPU or CUDA build it holds.
TORCH_INDEX ?=
DATA := autofx-data
BIN := .venv/bin
BIOME := node_modules/.bin/biome
PYTEST := -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on

.PHONY: demo test quick coverage lint lint-page format clean

demo: .venv/installed
	@PYTHON=$(BIN)/python DATA=$(DATA) bash .demo

test: lint
	$(BIN)/python $(PYTEST)

quick: lint
	$(BIN)/python $(PYTEST) -q -m "not slow and not browser and not postgres"

coverage: .venv/installed-test
	$(BIN)/coverage run $(PYTEST)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

lint: .venv/installed-test lint-page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-page:
	@if command -v npm >/dev/null; then \
		$(MAKE) -s --no-print-directory $(BIOME) && $(BIOME) ci --error-on-warnings; \
	else echo "JavaScript and CSS are not checked: npm is missing (Debian, Ubuntu: apt-get install npm)"; fi

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(BIOME) && $(BIOME) check --write; fi

clean:
	rm -rf .venv node_modules build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another: make demo PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian or Ubuntu: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/installed: pyproject.toml | .venv/bin/python
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(PIP) -e '.[all]'
	@touch $@

.venv/installed-test: pyproject.toml .venv/installed
	$(PIP) -e '.[test]'
	@touch $@

$(BIOME): package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

# 'make demo' and 'make test' are all that a newcomer types; both install what they need into .venv.
PYTHON ?= python3
# Which PyTorch: empty takes pip's default; an index address takes the CPU or CUDA build it holds.
TORCH_INDEX ?=
DATA := autofx-data
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on

.PHONY: demo test lint format clean

demo: .venv/installed
	@PYTHON=$(BIN)/python DATA=$(DATA) bash .demo

test: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build *.egg-info

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

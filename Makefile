# 'make demo' and 'make test' are all that a newcomer types; both install what they need into .venv.
PYTHON ?= python3
# e.g. TORCH_INDEX=https://…/whl/cpu: the index that 'Start locally' on pytorch.org names for a build
TORCH_INDEX ?=
DATA := autofx-data
PORT ?= 8000
BIN := .venv/bin

.PHONY: demo test lint format clean

demo: .venv/installed
	@$(BIN)/python -m webmushra_app --help >/dev/null

test: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

lint: .venv/installed-test
	$(BIN)/ruff check .

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --progress-bar off $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(BIN)/python -m pip install --progress-bar off -e '.[all]'
	@touch $@

.venv/installed-test: pyproject.toml .venv/installed
	$(BIN)/python -m pip install --progress-bar off -e '.[test]'
	@touch $@

clean:
	rm -rf .venv build $(DATA) *.egg-info

PYTHON ?= python3
BIN := .venv/bin
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow bench lint clean

demo: .venv/installed
	$(BIN)/ganbench train mnist --page

test: lint
	$(BIN)/pytest

test-slow: .venv/installed-dev
	$(BIN)/pytest -m slow --timeout 3600

bench: .venv/installed-bench
	$(BIN)/python benchmarks/evaluate.py
	$(BIN)/python benchmarks/neighbours.py
	$(BIN)/python benchmarks/train_tutorial.py
	$(BIN)/python benchmarks/train_dcgan.py
	$(BIN)/python benchmarks/train_options.py
	$(BIN)/python benchmarks/train_mnist.py
	$(BIN)/python benchmarks/track.py
	$(BIN)/python benchmarks/page.py
	$(BIN)/python benchmarks/together.py

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ganbench needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) --editable '.[dev]'
	@touch $@

.venv/installed-bench: .venv/installed
	$(INSTALL) --editable '.[bench]'
	@touch $@

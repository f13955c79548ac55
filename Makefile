# Two commands do everything: `make run` and `make test`. Both create .venv from the committed lock files.
PYTHON ?= python3
BIN = .venv/bin
SCENARIO ?= scenarios/duji-2020
SEEDS ?= 500
OUT ?= out/$(notdir $(SCENARIO))

.PHONY: run test lint types tests sweep words docs bench lock clean

run: .venv/core
	$(BIN)/allocator solve $(SCENARIO) --out $(OUT)

test: lint types tests

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

tests: .venv/dev
	$(BIN)/pytest -n 2

# Bounds and plans of many drawn problems against trying every plan: 500 with and without a gap take a minute.
sweep: .venv/dev
	$(BIN)/pytest -n 2 -m seeds -k trying_every_plan --seeds $(SEEDS)

# The Chinese catalogue: collect the sentences of the source, then compile what was translated. The header of the
# catalogue stays (gettext reads its charset) with its date as it stands, so that the same words give the same files.
words: .venv/dev
	$(BIN)/pybabel -q extract -F babel.cfg -k text --no-location --sort-output --omit-header -o .venv/allocator.pot src/allocator
	$(BIN)/pybabel -q update -i .venv/allocator.pot -d src/allocator/labels -D allocator -l zh --no-fuzzy-matching --no-wrap --ignore-pot-creation-date --ignore-obsolete
	$(BIN)/pybabel -q compile -d src/allocator/labels -D allocator

# Pages generated from the attribute table, the standards and the rule catalogue.
docs: .venv/dev
	$(BIN)/python docs/generate.py

# Every case by every method, into benchmarks/results: hours. One case: make bench BENCH="--cases counties-1".
bench: .venv/dev
	$(BIN)/python -m benchmarks $(BENCH)

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --extra dev --upgrade pyproject.toml -o requirements-dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --constraint requirements-dev.txt pyproject.toml requirements-build.in -o requirements.txt

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/core: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/core requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv out

# Everything a person does here. `make run` and `make test` need Python 3.11 or newer and nothing before them.
PYTHON ?= python3
BIN := .venv/bin

BREAKING := '{"version": "v2", "breaking": {"use": ["FILE"]}}'

# Two processes share the tests; those of one file stay together, for they share servers and pipelines.
TESTS := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

.PHONY: help run test test-slow test-all lint fmt protos bench picture clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch .venv

# What tests and checks need besides; `make run` is spared it.
.venv/dev: .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch .venv/dev

run: .venv ## Set up, then turn this README into out/README.mp4.
	@mkdir -p out
	$(BIN)/storyreel render README.md -o out/README.mp4

test: .venv/dev ## Set up, then run the tests, but for those that are slow and rarely of use.
	$(TESTS) -m 'not slow'

test-slow: .venv/dev ## Run the tests that `make test` leaves out.
	$(TESTS) -m slow

test-all: test test-slow ## Run every test.

lint: .venv/dev ## Check style, types, rooms, spelling, prose, contracts.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell *.md protos/README.md protos/storyreel services orchestrator tests
	$(BIN)/python -m tests.prose
	cd protos && ../$(BIN)/buf lint
	@mkdir -p build && cd protos && ../$(BIN)/buf build --exclude-source-info -o ../build/contracts.binpb
	cd protos && ../$(BIN)/buf breaking ../build/contracts.binpb --against baseline.binpb --config $(BREAKING)

fmt: .venv/dev ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd protos && ../$(BIN)/buf format -w --path storyreel

protos: .venv/dev ## Generate the stubs under protos/gen.
	$(BIN)/python protos/generate.py

bench: .venv/dev ## Print every figure of the README.
	$(BIN)/python -m tests.benchmarks

picture: run .venv/dev ## Make the README's picture from out/README.mp4.
	$(BIN)/python -m tests.benchmarks.picture out/README.mp4 -o README.jpg

clean: ## Remove what was built, the videos in out/ too.
	rm -rf .venv out build dist .mypy_cache .ruff_cache .pytest_cache

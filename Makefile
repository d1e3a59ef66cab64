# Targets are what CI runs; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
export UV_LINK_MODE := copy

.PHONY: help run test lint bench simulate chaos web client lock clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.runtime: requirements.lock
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(BIN)/pip install -q --disable-pip-version-check uv; }
	$(UV) pip install -q --compile-bytecode --no-deps --python $(BIN)/python --require-hashes -r requirements.lock
	@echo '$(CURDIR)' > $$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')/tidewire.pth
	@printf '#!%s\nimport sys\n\nfrom cluster.cli import main\n\nsys.exit(main())\n' '$(CURDIR)/$(BIN)/python' > $(BIN)/tidewire
	@chmod +x $(BIN)/tidewire
	@touch $@

$(BIN)/.dev: $(BIN)/.runtime requirements-dev.lock
	$(UV) pip install -q --compile-bytecode --no-deps --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

run: $(BIN)/.runtime web ## Install what is needed, start everything with the demo, tell one address
	@exec $(BIN)/python -m cluster up --demo $(ARGS)

lint: $(BIN)/.dev ## Formatting rules, types, import rules
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(BIN)/.dev web tests/npm/node_modules/.done ## Every test; ends with one plain summary
	cd serve/web && PATH=$(CURDIR)/$(BIN):$$PATH npm test --silent
	$(BIN)/python -m pytest -q

chaos: $(BIN)/.dev web ## Break whole systems in every way; ARGS=points lists the crash points
	$(BIN)/python -m tests.chaos $(ARGS)

web: serve/web/dist/.done ## The web application, from serve/web

serve/web/dist/.done: $(BIN)/.runtime serve/web/package-lock.json $(shell find serve/web/src serve/web/public serve/web/index.html serve/web/vite.config.ts serve/web/openapi.json -type f 2>/dev/null)
	cd serve/web && PATH=$(CURDIR)/$(BIN):$$PATH && npm ci --silent --no-fund --no-audit && npm run --silent build
	@touch $@

client: $(BIN)/.runtime ## The web application's client, from the API as it is now
	$(BIN)/python -m serve.openapi
	cd serve/web/codegen && PATH=$(CURDIR)/$(BIN):$$PATH && npm ci --silent --no-fund --no-audit && npm run --silent generate

tests/npm/node_modules/.done: $(BIN)/.runtime tests/npm/package-lock.json
	cd tests/npm && PATH=$(CURDIR)/$(BIN):$$PATH npm ci --silent --no-fund --no-audit
	@touch $@

bench: $(BIN)/.dev web ## Ratios beside other systems, measured in one run
	$(BIN)/python -m tests.bench

SEEDS ?= 50000
simulate: $(BIN)/.dev ## Simulated worlds that crash, repeat, delay and lie about the time; SEEDS=50000
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

lock: ## Pin every dependency with its hashes
	$(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate --override requirements.override -o requirements.lock pyproject.toml
	$(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate --override requirements-dev.override --constraint requirements.lock --group dev -o requirements-dev.lock pyproject.toml

clean: ## Remove what the targets above made
	rm -rf $(VENV) serve/web/dist serve/web/node_modules tests/npm/node_modules

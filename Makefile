# feedserver: `make demo` to see it, `make test` to prove it, `make help` for the rest.
# Needs python3 (3.11 or later) with venv, and make. Everything goes into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check install -c requirements.txt

.PHONY: demo test check format bench bench-hot bench-peers laws soak pictures help clean

demo: $(VENV)/.run ## a living demo CRM, its feeds and pages, on http://127.0.0.1:8000
	@$(BIN)/feedserver demo $(ARGS)

# In their order by name the small files come last, so that no process waits long for the other.
# The processes that tests start shall not each compile the package anew.
test: $(VENV)/.test ## every test
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.check ## format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.check ## put the code into its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.test ## measure pulls, polls, writing, webhooks, text, filters and feeds up to 1 M activities (DATABASE=clarify.sqlite for one of your own)
	@$(BIN)/python bench/run.py $(DATABASE)
	@$(BIN)/python -m bench.writing
	@$(BIN)/python -m bench.hooks
	@$(BIN)/python bench/publish.py
	@$(BIN)/python bench/archives.py
	@$(BIN)/python bench/text.py
	@$(BIN)/python bench/filters.py
	@$(BIN)/python bench/render.py
	@$(BIN)/python bench/scale.py

bench-hot: $(VENV)/.test ## measure polls beside nginx, slow requests, 2,000 that wait, 10,000 filters (nginx, wrk)
	@failed=0; for part in hot waiting many; do $(BIN)/python -m bench.$$part || failed=1; done; exit $$failed

bench-peers: $(VENV)/.test ## measure the same work beside nginx and django-activity-stream (nginx, wrk, a network)
	@$(BIN)/python -m bench.peers

laws: $(VENV)/.test ## try every law by 1,000 examples, which takes a quarter of an hour (ARGS=tests/model)
	@FEEDSERVER_EXAMPLES=1000 $(BIN)/python -m pytest -n 2 --dist loadfile -m hypothesis $(ARGS)

soak: $(VENV)/.test ## write, read and kill the server for 20 minutes, and compare (ARGS="--minutes 2")
	@$(BIN)/python -m tests.checker $(or $(ARGS),--minutes 20)

pictures: $(VENV)/.run ## take the README's pictures anew, with Chromium
	@$(BIN)/python docs/pictures/make.py

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | column -t -s '|'

clean: ## remove what make has made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'feedserver needs Python 3.11 or later; name one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml requirements.txt | $(BIN)/python
	@echo 'Installing feedserver into $(VENV) …'
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: pyproject.toml requirements.txt | $(BIN)/python
	@echo 'Installing feedserver and its tests into $(VENV) …'
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.check: pyproject.toml requirements.txt | $(BIN)/python
	@$(PIP) -e '.[test,check]'
	@touch $@ $(VENV)/.run $(VENV)/.test

# make run    a working desk on http://127.0.0.1:8501
# make test   everything that must hold: lint, types, import rules, tests
#
# Needs Python 3.11 or newer as python3 (or: make run PYTHON=python3.12). All else goes into .venv.

PYTHON ?= python3
PYTEST ?=
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin/python
SOURCES := core pages app.py benchmarks
LOCK := uv pip compile --universal --no-header --no-annotate --python-version 3.11 --generate-hashes --quiet

# Modules without byte code start 4 to 10 times slower; the desk installs and keeps it.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test lint audit format bench lock clean

help:
	@echo "make run | test | setup | lint | audit | format | bench | lock | clean (see the top of the Makefile)"

run: setup
	@$(BIN) -m core prepare
	@exec $(BIN) -m streamlit run app.py --server.showEmailPrompt false

setup:
	@$(call check_python)
	@$(call install,requirements.txt,requirements)

setup-dev: setup
	@$(call install,requirements-dev.txt,requirements-dev)

# pytest comes last: its closing line is the last thing printed.
test: lint
	@$(BIN) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST)

lint: setup-dev
	@$(BIN) -m ruff check .
	@$(BIN) -m ruff format --check .
	@$(BIN) -m mypy
	@$(BIN) -c "from importlinter.cli import lint_imports_command as main; main(['--no-logo'])"

# Needs the network; says so where nobody answers, and fails where an advisory is open.
audit: setup-dev
	@$(BIN) .ci/audit.py

format: setup-dev
	@$(BIN) -m ruff check --fix .
	@$(BIN) -m ruff format .

bench: setup-dev
	@$(BIN) -m benchmarks

# Needs uv. The lock holds names, versions and hashes, never the address of an index. evidently asks for
# pandas[parquet], which pip takes for another requirement when it checks hashes: the lock names both.
lock:
	@$(LOCK) requirements.in -o requirements.txt
	@awk '/^pandas==/ { block = ""; inside = 1 } inside && /^[a-z]/ && !/^pandas==/ { printf "%s", block; inside = 0 } \
		{ print } inside { line = $$0; sub(/^pandas==/, "pandas[parquet]==", line); block = block line "\n" }' \
		requirements.txt > requirements.both && mv requirements.both requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt
	@$(LOCK) requirements-mlflow.in -o requirements-mlflow.txt
	@$(LOCK) requirements-databases.in -o requirements-databases.txt
	@if grep -inE 'index-url|find-links|https?://' requirements*.txt; then \
		echo "An address got into the lock; see the lines above." >&2; exit 1; fi

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis artifacts
	@find $(SOURCES) tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- how .venv is built -------------------------------------------------------------------------

define check_python
command -v $(PYTHON) >/dev/null 2>&1 || { \
	echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name one: make run PYTHON=python3.12" >&2; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "$(PYTHON) is `$(PYTHON) -V 2>&1`; the desk needs 3.11 or newer. Name one: make run PYTHON=python3.12" >&2; exit 1; }; \
$(BIN) -c 'import pip' >/dev/null 2>&1 || $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	echo "$(PYTHON) lacks venv or ensurepip. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
endef

# $(1) the lock, $(2) the name of its stamp. The stamp is the lock's hash, so that nothing is done twice and a
# changed lock is installed again. A complete lock needs no resolution: --no-deps.
define install
want=`$(PYTHON) -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' $(1)`; \
stamp=$(VENV)/.$(2).sha256; \
if [ "`cat $$stamp 2>/dev/null`" = "$$want" ] && $(BIN) -c pass 2>/dev/null; then exit 0; fi; \
$(BIN) -c 'import pip' >/dev/null 2>&1 || { rm -rf $(VENV); echo "Making $(VENV)"; $(PYTHON) -m venv $(VENV); } || exit 1; \
echo "Installing $(1) (about a minute)"; \
$(BIN) -m pip install --quiet --no-input --no-deps --require-hashes --compile -r $(1) || exit 1; \
for path in $(SOURCES); do [ ! -e $$path ] || $(BIN) -m compileall -q $$path || exit 1; done; \
echo "$$want" > $$stamp
endef

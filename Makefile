# What one does with this project; `make help` lists it. Needs Python 3.11 or later, and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Every install takes its versions and hashes from constraints.txt. Of the pips, only a recent one checks hashes that stand
# in a constraints file, so the pinned one is installed first.
INSTALL := $(PIP) install --quiet --constraint constraints.txt
REQUIREMENTS := $(BIN)/python -c 'import sys, tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
  print(*project["dependencies"], *(line for extra in sys.argv[1:] for line in project["optional-dependencies"][extra]), sep="\n")'
STAMPS := $(VENV)/.stamps
PINS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install install-test install-bench demo test test-long check format bench protos constraints wheel clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

$(STAMPS)/venv: $(PINS)
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is not installed: install Python 3.11 or later, or say \`make PYTHON=/path/to/python3.11\`" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$("$(PYTHON)" --version) is too old: VPI needs Python 3.11 or later; say \`make PYTHON=/path/to/python3.11\`" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { echo "Python's venv module is missing: on Debian and Ubuntu, install python3-venv" >&2; exit 1; }
	@mkdir -p $(STAMPS)
	@sed -n '/^pip==/,/[^\\]$$/p' constraints.txt > $(STAMPS)/pip.txt
	$(PIP) install --quiet --require-hashes --requirement $(STAMPS)/pip.txt
	@touch $@

# pip checks no hash of a project that it builds, so what the project needs comes first and then it alone.
$(STAMPS)/run: $(STAMPS)/venv
	@$(REQUIREMENTS) > $@.txt
	$(INSTALL) --requirement $@.txt hatchling
	$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(STAMPS)/test: $(STAMPS)/run
	@$(REQUIREMENTS) test > $@.txt
	$(INSTALL) --requirement $@.txt
	@touch $@

$(STAMPS)/bench: $(STAMPS)/test
	@$(REQUIREMENTS) test bench > $@.txt
	$(INSTALL) --requirement $@.txt
	@touch $@

install: $(STAMPS)/run ## the program, in .venv
install-test: $(STAMPS)/test ## and what the tests need
install-bench: $(STAMPS)/bench ## and what the benchmarks compare with

demo: install ## real calls to a real server: what counted, what it cost and why
	@$(BIN)/vpi demo

test: install-test ## all tests but the long ones
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

test-long: install-test ## all tests, and many more random programs and events
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal --hypothesis-profile=long -m ''

check: install-test ## style, types, layers, generated files, shipped rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/protos
	$(BIN)/vpi fmt --check rules
	$(BIN)/vpi check rules
	$(BIN)/vpi test rules

format: install-test ## code and shipped rules in their canonical form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/vpi fmt rules

bench: install-bench ## speed, each figure against its baseline in the same run
	$(BIN)/python -m tests.bench

protos: install-test ## the Python side of protos/**/*.proto
	$(BIN)/python protos/generate.py

constraints: ## newest versions that fit pyproject.toml, with hashes (needs uv)
	uv pip compile pyproject.toml --group build --all-extras --universal --python-version 3.11 \
	  --generate-hashes --upgrade --no-header --no-annotate --quiet --output-file constraints.txt

wheel: install ## a wheel, in dist/
	$(BIN)/python -m hatchling build --target wheel

clean: ## nothing that make made
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

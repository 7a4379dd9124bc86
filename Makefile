# Two commands do everything: make demo, make test. Both build .venv themselves.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
READY := .venv/.ready
# People's recordings, for what needs them; the tests look for them in the same place.
RECORDINGS := $(or $(HUMOUSE_DATA),../shared/data)

.PHONY: help demo docs test test-all browser lint format benchmark clean

help:
	@echo "make demo       fine-tune, sample, score and detect, once, on synthetic people (some minutes)"
	@echo "make docs       the documentation as a site, site/index.html"
	@echo "make test       the checks and the quick tests"
	@echo "make test-all   the same, and the tests marked slow"
	@echo "make lint       ruff, import-linter and mypy alone"
	@echo "make format     let ruff format the code"
	@echo "make benchmark  speed and memory, each figure beside its bar: runs/benchmark.md"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "humouse needs Python 3.11 or newer; name one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	@touch $@

demo: $(READY)
	$(BIN)/humouse demo

# MkDocs' plugins warn of a MkDocs 2 that the pins keep out.
docs: export NO_MKDOCS_2_WARNING := 1
docs: export DISABLE_MKDOCS_2_WARNING := true
docs: $(READY)
	$(BIN)/mkdocs build --strict

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

# Threads that spin while they wait are faster on an idle machine, and stall a shared one for minutes.
demo test test-all: export OMP_WAIT_POLICY ?= PASSIVE
# Many a test starts a command of its own, which should not compile every module anew.
test test-all: export PYTHONDONTWRITEBYTECODE :=
# Two processes of one thread each: half the time of one process with two.
test test-all: export OMP_NUM_THREADS ?= 1
test: lint browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rs -m "not slow"

test-all: lint browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rs

browser:
	@test -n "$$HUMOUSE_CHROMIUM" || command -v chromium >/dev/null || \
	  echo "No chromium here: the tests of the pages in it are skipped (under CI=true they fail)." \
	    "Debian has it as 'chromium'; another one can be named in HUMOUSE_CHROMIUM."
	@test -n "$$HUMOUSE_FIREFOX" || command -v firefox-esr >/dev/null || \
	  echo "No firefox-esr here: the tests of the pages in it are skipped (under CI=true they fail)." \
	    "Debian has it as 'firefox-esr'; another one can be named in HUMOUSE_FIREFOX."

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

benchmark: $(READY)
	$(BIN)/python benchmarks/table.py --recordings "$(RECORDINGS)"

clean:
	rm -rf .venv build dist site *.egg-info src/*.egg-info .pytest_cache .ruff_cache .mypy_cache

# All that is needed beforehand is Python 3.11 or later, make, and a network to PyPI.
# What these targets make lies in .venv, build, dist and samples/mail; `make clean` removes it.

# The interpreter that .venv is made with; the first one on the PATH that is new enough, unless told otherwise.
PYTHON ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPILED := build/compiled
DEMO := build/demo-archive
CHECKED := src tests samples benchmarks fuzz hatch_build.py
FUZZ_SECONDS ?= 60
# The tests that are run on the compiled build: make test-compiled TESTS=tests/parser
TESTS ?=
# Of these, what make test runs: those of what is compiled, and of what must never change.
HOT_TESTS := compiled parser transfer message stripping stripped sinks index conformance archive/recording archive/restoring
# Options for the fuzzer: make fuzz FUZZ="parser reader"
FUZZ ?=
# Options for the benchmarks: make bench BENCH="--only parse --runs 5"
BENCH ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-long test-compiled compiled check format bench bench-limits bench-growth bench-hostile
.PHONY: fuzz samples dist clean

help:
	@echo 'make demo          install into .venv, archive the sample mailboxes, show what is in the archive'
	@echo 'make test          the same, then the checks, then all tests, those of hot modules on a compiled build as well'
	@echo 'make test-long     the fault tests with many more random faults (minutes)'
	@echo 'make compiled      install into build/compiled with compiled hot modules; needs a C compiler'
	@echo 'make test-compiled the same, then all tests on that; TESTS="tests/parser" for some of them'
	@echo 'make check         lint, format, types, layers'
	@echo 'make format        format the code'
	@echo 'make bench         measure against what people would use instead; BENCH_FULL=1 for the large inputs'
	@echo 'make bench-profiles what the time of each job goes to (needs perf; a few minutes)'
	@echo 'make bench-limits  measure the promised memory and time, with their targets (minutes, 6 GB of disk)'
	@echo 'make bench-growth  measure how time and memory grow with the work, as curves; BENCH_FULL=1 for the large points'
	@echo 'make bench-hostile measure what hostile mail costs: time, memory, and how they grow (half an hour)'
	@echo 'make fuzz          try random bytes on each of thirteen targets for a minute; FUZZ_SECONDS=600 for longer'
	@echo 'make samples       generate the sample mailboxes in samples/mail'
	@echo 'make dist          build the wheel and the source distribution in dist'
	@echo 'make clean         remove everything that was made, .venv included'
	@echo
	@echo 'PYTHON=python3.13 chooses what .venv is made with. BENCH="--help" shows the options of make bench.'

$(INSTALLED): pyproject.toml
	@set -e; \
	fits='import sys; sys.exit(sys.version_info < (3, 11))'; \
	if ! { $(BIN)/python -c "$$fits" && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
		found=''; \
		for python in $(if $(PYTHON),'$(PYTHON)',python3 python3.14 python3.13 python3.12 python3.11 python); do \
			if "$$python" -c "$$fits" 2>/dev/null; then found="$$python"; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo 'mailstrata needs Python 3.11 or later; name it with: make PYTHON=/path/to/python3.11 ...' >&2; \
			exit 1; \
		fi; \
		echo "Making $(VENV) with $$("$$found" --version)"; \
		"$$found" -m venv --clear $(VENV); \
	fi; \
	echo 'Installing mailstrata and its tools into $(VENV)'; \
	MAILSTRATA_COMPILE= $(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[dev]'; \
	touch $@

# An environment like .venv, but for mailstrata itself: it is installed there, and its hot modules are compiled.
$(COMPILED)/.installed: $(INSTALLED) pyproject.toml hatch_build.py $(shell find src -name '*.py')
	@test -x $(COMPILED)/bin/python || $(BIN)/python -m venv --clear $(COMPILED)
	@echo 'Compiling mailstrata into $(COMPILED)'
	@MAILSTRATA_COMPILE=1 $(COMPILED)/bin/python -m pip install -qq --disable-pip-version-check '.[dev]'
	@touch $@

compiled: $(COMPILED)/.installed

samples: $(INSTALLED)
	@$(BIN)/python -m samples.generate

# Each command is shown as one would type it, and then run.
QUESTION = "SELECT filename, count(*) AS messages, count(DISTINCT blob) AS kept, sum(size) AS bytes FROM parts \
WHERE is_attachment GROUP BY filename ORDER BY messages DESC, bytes DESC LIMIT 5"
WANTED = signed contract has:attachment
MESSAGE = 202404150910.contract-to-author@lantern.example.org

demo: $(INSTALLED) samples
	@rm -rf $(DEMO)
	@printf '\n$$ mailstrata archive samples/mail --to $(DEMO)\n'
	@$(BIN)/mailstrata archive samples/mail --to $(DEMO)
	@printf '\n$$ mailstrata info $(DEMO)\n'
	@$(BIN)/mailstrata info $(DEMO)
	@printf '\n$$ mailstrata sql $(DEMO) %s\n' '$(QUESTION)'
	@$(BIN)/mailstrata sql $(DEMO) $(QUESTION)
	@printf '\n$$ mailstrata search $(DEMO) %s\n' '"$(WANTED)"'
	@$(BIN)/mailstrata search $(DEMO) "$(WANTED)"
	@printf '\n$$ mailstrata show $(DEMO) $(MESSAGE)\n'
	@$(BIN)/mailstrata show $(DEMO) $(MESSAGE)

check: $(INSTALLED)
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/ruff format --quiet --check $(CHECKED) || { echo 'not formatted; run: make format' >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(INSTALLED)
	@$(BIN)/ruff format $(CHECKED)
	@$(BIN)/ruff check --fix $(CHECKED)

# The tests of the source come last, so that their summary is the last line.
test: demo check
	@missing="$$($(BIN)/python hatch_build.py)"; \
	if [ -n "$$missing" ]; then \
		echo "The compiled build is not tested: $$missing"; \
	else \
		$(MAKE) --no-print-directory test-compiled TESTS='$(HOT_TESTS:%=tests/%)'; \
	fi
	@$(BIN)/pytest -n auto

test-long: $(INSTALLED)
	@$(BIN)/pytest -n auto -m long

test-compiled: compiled samples
	@echo 'Testing the compiled build'
	@MAILSTRATA_COMPILED=1 $(COMPILED)/bin/pytest -n auto $(TESTS)

bench: $(INSTALLED)
	@$(BIN)/python -m benchmarks $(BENCH)

bench-profiles: $(INSTALLED)
	@$(BIN)/python -m benchmarks.profiles $(BENCH)

bench-limits: $(INSTALLED)
	@$(BIN)/python -m benchmarks.limits $(BENCH)

bench-growth: $(INSTALLED)
	@$(BIN)/python -m benchmarks.growth $(BENCH)

bench-hostile: $(INSTALLED)
	@$(BIN)/python -m benchmarks.hostile $(BENCH)

fuzz: $(INSTALLED) samples
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[fuzz]'
	@$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

dist: $(INSTALLED)
	@rm -rf dist
	@$(BIN)/python -m pip install -qq --disable-pip-version-check build
	@$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist samples/mail .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find src tests samples benchmarks fuzz -name __pycache__ -prune -exec rm -rf {} +

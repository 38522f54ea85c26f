# make demo                   a new project in ./demo, running without Docker
# make demo ENGINE=docker     the same in Docker
# make test                   everything: style, types, then the tests, fast ones first
# make unit                   only what takes seconds
# make docs                   docs/reference/commands.md, docs/rules/ and the table of repairs anew, from the code
# make example                example/ anew
# make pictures               docs/images/ anew; needs Docker and Chromium
# make constraints            pins the tools anew

PYTHON ?= python3
ENGINE ?= embedded
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# uv trusts what this machine trusts, a company's own certificates too.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),true,false)
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
QUICK := tests/unit tests/lint tests/doctor
# Tests of real servers wait most of the time, so there may be more of them at once than processors.
WORKERS ?= 4
SOURCES := pyproject.toml README.md LICENSE $(shell find src -type f -not -name '*.pyc')

.PHONY: demo test unit check constraints example docs pictures clean

demo: $(VENV)/.package
	@if [ ! -e demo ]; then $(BIN)/djdock new demo; fi
	@cd demo && ../$(BIN)/djdock up --engine $(ENGINE)
	@echo "To stop it: cd demo && ../$(BIN)/djdock down"

test: check
	$(PYTEST) -n logical $(QUICK)
	$(PYTEST) -n $(WORKERS) $(QUICK:%=--ignore %)

unit: check
	$(PYTEST) -n logical tests/unit

check: $(VENV)/.tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

constraints: $(VENV)/.tools
	@sed -i "/^[^#]/d" constraints.txt
	@$(UV) pip compile --quiet --universal --python-version 3.10 --upgrade --no-header --no-annotate --group dev pyproject.toml | grep -v "^uv==" >> constraints.txt

example: $(VENV)/.tools
	$(BIN)/python -m tests.example

docs: $(VENV)/.tools
	$(BIN)/python -m tests.docs.reference
	$(BIN)/python -m tests.docs.rules
	$(BIN)/python -m tests.docs.repairs

pictures: $(VENV)/.tools
	$(BIN)/python -m tests.docs.pictures

# The wheel is what people install, so it is what is tested.
$(VENV)/.package: $(VENV)/.made $(SOURCES)
	@rm -rf build/wheel
	@$(UV) build --quiet --wheel --out-dir build/wheel
	@$(UV) pip install --quiet --compile-bytecode --python $(VENV) --constraints constraints.txt --reinstall-package djdock build/wheel/*.whl
	@touch $@

$(VENV)/.tools: $(VENV)/.package constraints.txt
	@$(UV) pip install --quiet --python $(VENV) --constraints constraints.txt --group dev
	@touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("djdock needs Python 3.10 or newer: make PYTHON=python3.13" if sys.version_info < (3, 10) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) has no venv module; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test check audit format lock bench bench-load fuzz clean

run: $(VENV)/app
	MALLOC_ARENA_MAX=2 $(BIN)/streamlit run streamlit_app.py

test: check audit
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest --cov --numprocesses auto --dist loadgroup

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(VENV)/dev
	$(BIN)/python -m tests.audit

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/dev
	$(BIN)/uv pip compile requirements.in --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-emit-index-url --custom-compile-command "make lock" --output-file requirements.txt
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip-licenses --from=mixed --format=markdown --no-version --with-urls --output-file docs/licences.md \
		--packages $$(sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' requirements.txt)

bench: $(VENV)/dev $(VENV)-peers/done
	BENCH_PYTHON=$(VENV)-peers/bin/python $(BIN)/python -m bench

bench-load: $(VENV)/dev $(VENV)-peers/done
	BENCH_PYTHON=$(VENV)-peers/bin/python $(BIN)/python -m bench.load

fuzz: $(VENV)/fuzz
	$(BIN)/python -m tests.fuzz

clean:
	rm -rf $(VENV) $(VENV)-peers

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/app: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

$(VENV)/dev: $(VENV)/app train/requirements.txt requirements-dev.txt
	$(BIN)/pip install --quiet -r requirements-dev.txt
	touch $@

$(VENV)/fuzz: tests/fuzz/requirements.txt $(VENV)/dev
	$(BIN)/pip install --quiet -r tests/fuzz/requirements.txt
	touch $@

$(VENV)-peers/done: bench/requirements.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/pip install --quiet -r bench/requirements.txt
	touch $@

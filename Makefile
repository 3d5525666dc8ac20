# make demo   trains a tailored model against the embedded simulator, offline
# make test   the whole suite, or what SELECT says of its marks
# make fuzz   hostile requests, answers, journals and files, FUZZ times as many as the suite makes
# make soak   SEEDS simulated worlds from number FROM, on all cores; interrupted, the same command goes on
# make kill   SIGKILL at every point of a run, in every shape
# make cancel cancellation at every await of a run, in every shape
# make bench  all benchmarks, with all peers, in an environment of their own; QUESTION=get only one
# make check  format, lint, types and the floors of the house
# make docs   the documentation as a site, in site/
# make newcomer   the README's way for newcomers as it stands, from a wheel of this tree in an environment of its own

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
FAMILY ?= fibo
IMAGES ?=
WORKERS ?= 3
FUZZ   ?= 20
SELECT ?=
SEEDS  ?= 1000
FROM   ?= 0
SHARDS ?= soak
QUESTION ?= all

.PHONY: demo test fuzz soak kill cancel bench check docs newcomer lock clean

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: $(VENV)/.ready
	@$(BIN)/python -m bria_async.cli.demo --family $(FAMILY) $(if $(IMAGES),--images "$(IMAGES)")

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(if $(SELECT),-m "$(SELECT)")

fuzz: $(VENV)/.ready
	BRIA_FUZZ=$(FUZZ) $(BIN)/python -m pytest -n $(WORKERS) --timeout 0 tests/sim/test_fuzz.py tests/fuzz

soak: $(VENV)/.ready
	@$(BIN)/python -m tests.simulation soak --seeds $(SEEDS) --from $(FROM) --shards $(SHARDS)

kill: $(VENV)/.ready
	BRIA_KILL=all $(BIN)/python -m pytest -n $(WORKERS) --timeout 0 tests/kill

cancel: $(VENV)/.ready
	BRIA_CANCEL=all $(BIN)/python -m pytest -n $(WORKERS) --timeout 0 tests/simulation/test_cancelled.py

.venv-bench/.ready: benchmarks/requirements.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

bench: .venv-bench/.ready
	@.venv-bench/bin/python -m benchmarks $(QUESTION)

check: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

docs: $(VENV)/.ready
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto --conf-dir docs . site

newcomer:
	$(PYTHON) -m tests.newcomer

lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade -o requirements.lock
	uv pip compile pyproject.toml benchmarks/requirements.in --extra cli --extra dbos --extra fast --extra sim --universal \
	    --python-version 3.11 --generate-hashes --constraints requirements.lock --no-emit-index-url --no-emit-find-links \
	    --no-annotate --no-header --upgrade -o benchmarks/requirements.lock
	$(BIN)/python -m tests.security.sbom

clean:
	rm -rf $(VENV) demo dist site docs/api $(SHARDS)

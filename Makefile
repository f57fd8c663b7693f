# Every target prepares the ground first (./setup, nothing to do most of the time).
# Without make: ./setup && .venv/bin/python manage.py demo
.DEFAULT_GOAL := help
.PHONY: help setup demo tour test check audit bench faults screenshots fix lock

PYTHON := .venv/bin/python
# Runs a command beside a PostgreSQL and a Valkey of its own, for as long as it lasts.
WITH_SERVICES := $(PYTHON) -m santescopie.embedded run
# Keeps the versions of the lock, but for those that pyproject.toml no longer allows;
# UPGRADE=--upgrade takes the latest of all.
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.12 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

setup:
	@./setup

demo: setup ## The whole product with fictitious leads, on http://127.0.0.1:$PORT/ (8000)
	@$(PYTHON) manage.py demo

tour: setup ## One lead from form to e-mail, headless, with the time each step took
	@$(PYTHON) -m santescopie.demo.tour

test: setup ## All tests; ARGS="-k consent -x" goes to pytest
	@$(PYTHON) -m pytest $(ARGS)

# What the settings insist on; nothing is sent and no page is served.
check: export SECRET_KEY := checks-sign-nothing
check: export SITE_URL := http://localhost
check: export MAIL_URL := smtp://localhost
check: export SANTESCOPIE_VAR := var/check
check: setup ## Style, types, missing migrations, templates
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	@$(WITH_SERVICES) sh -exc '$(PYTHON) -m mypy; \
		$(PYTHON) manage.py makemigrations --check --dry-run; \
		$(PYTHON) manage.py check_templates'

audit: setup ## Tools of others on packages, pages, mail and PDF: advisories, validity, Lighthouse
	@audit/run

bench: setup ## Ratios against what others would do; ARGS="pdf --blocks 4" goes to it
	@$(PYTHON) -m benchmarks $(ARGS)

faults: setup ## Kill, freeze and starve every process under posts; ARGS="400 broker" chooses
	@$(PYTHON) -m tests.faults $(ARGS)

screenshots: setup ## Every page and state to docs/screenshots/
	@$(PYTHON) -m tests.pages.screenshots $(ARGS)

fix: setup ## Let ruff correct what it can
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

lock: setup ## Rewrite requirements*.txt from pyproject.toml; UPGRADE=--upgrade for the latest
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt

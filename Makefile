# What a newcomer types. The environment is $QANET_VENV, else .venv, with
# -onedl behind it for STACK=onedl.
STACK ?= openmmlab
MMCV ?= lite
export STACK MMCV
VENV := $(or $(QANET_VENV),.venv)$(if $(filter onedl,$(STACK)),-onedl)
PYTHON_BIN := $(VENV)/bin/python
SOURCES := projects tools studies tests configs

.PHONY: help env demo lint format pytest test

help:
	@echo 'make env     set up the environment ($(VENV)), compiling nothing'
	@echo '             MMCV=compiled: with mmcv'"'"'s own operators'
	@echo '             STACK=onedl: with the maintained forks of OpenMMLab;'
	@echo '             also of demo and test'
	@echo 'make demo    draw people, train, test, and leave pictures in work_dirs/demo'
	@echo 'make test    lint and all tests, in 2 processes (JOBS=N: in N)'
	@echo 'make format  rewrite the sources in the house style'

env:
	@tools/setup_env.sh

demo: env
	@$(PYTHON_BIN) tools/demo.py

lint: env
	$(PYTHON_BIN) -m flake8 $(SOURCES)
	$(PYTHON_BIN) -m isort --check-only --diff $(SOURCES)
	$(PYTHON_BIN) -m yapf --diff --recursive --parallel $(SOURCES)
	$(PYTHON_BIN) -m codespell_lib $(SOURCES) README.md docs

format: env
	$(PYTHON_BIN) -m isort $(SOURCES)
	$(PYTHON_BIN) -m yapf --in-place --recursive --parallel $(SOURCES)

# Each process takes about 1 GB and calculates with one thread.
JOBS ?= 2
TESTS ?= tests
pytest: env
	OMP_NUM_THREADS=1 $(PYTHON_BIN) -m pytest -n $(JOBS) --dist loadfile $(TESTS)

test: lint pytest

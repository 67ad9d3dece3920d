# Everything runs in .venv, which the targets create from requirements.txt when it is missing or old.
.DEFAULT_GOAL := help
.PHONY: help book test execute execute-here format colab-test site-test assignments grade grade-test repository dist clean

PYTHON ?= python3
JOBS ?= 2
NOTEBOOKS ?= $(wildcard book/*.ipynb)
BIN := .venv/bin

# Several threads on few cores cost far more time than they save.
export OMP_NUM_THREADS ?= 1

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed,\
	 $(PYTHON) is " + sys.version.split()[0] + ": say make PYTHON=python3.12, for example")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

# What Colab has before a notebook installs anything.
COLAB := ipykernel matplotlib numpy pandas pillow scikit-learn scipy sympy torch tqdm

.venv-colab/installed: requirements.txt
	$(PYTHON) -m venv .venv-colab
	.venv-colab/bin/python -m pip install --quiet --constraint requirements.txt $(COLAB)
	@touch $@

.venv/site-test: requirements-site-test.txt .venv/installed
	$(BIN)/python -m pip install --quiet --requirement $<
	@touch $@

.venv-grading/installed: requirements-grading.txt requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv-grading
	.venv-grading/bin/python -m pip install --quiet --requirement requirements-grading.txt
	.venv-grading/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

# From nothing: a second build would not repeat the warnings of the first.
book: .venv/installed  ## build the site from the stored outputs, warnings are errors
	rm -rf _build/html _build/.doctrees
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The book is $(CURDIR)/_build/html/index.html"

test: .venv/installed  ## ruff, unit tests, doctests, and every cell of every notebook
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONHASHSEED=0 TQDM_DISABLE=1 VAELOSSES_BUDGET=quick \
	$(BIN)/pytest $(NOTEBOOKS) tests vaelosses --doctest-modules \
	  --nbval --nbval-current-env --nbval-cell-timeout 300 \
	  -n $(JOBS) --dist loadfile --no-loadscope-reorder  # a worker a file, the notebooks first

execute: .venv/installed  ## run the notebooks in place: NOTEBOOKS="book/elbo.ipynb" BUDGET=quick|full JOBS=2
	$(if $(BUDGET),VAELOSSES_BUDGET=$(BUDGET)) $(BIN)/python tools/execute.py --jobs $(JOBS) $(NOTEBOOKS)

# For a machine that has torch already, such as one with a GPU, or Colab's own image.
execute-here:  ## the same with PYTHON as it is, without .venv
	$(if $(BUDGET),VAELOSSES_BUDGET=$(BUDGET)) $(PYTHON) tools/execute.py --jobs $(JOBS) $(NOTEBOOKS)

format: .venv/installed  ## format the code and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

colab-test: .venv/installed .venv-colab/installed  ## run the notebooks as Colab would: alone, with nothing installed
	$(BIN)/python tools/colab_test.py --jobs $(JOBS) .venv-colab $(NOTEBOOKS)

site-test: .venv/site-test book  ## open every built page in a browser; pictures in _build/screenshots
	$(BIN)/pytest tools/site_test.py

assignments: .venv-grading/installed  ## make the notebooks for students, book/assignments, from the masters
	.venv-grading/bin/python tools/assignments.py

grade: .venv-grading/installed  ## grade what students handed in: SUBMISSIONS=folder [OUT=folder] [JOBS=2]
	.venv-grading/bin/python tools/grade.py "$(SUBMISSIONS)" $(if $(OUT),--out "$(OUT)") --jobs $(JOBS)

grade-test: .venv-grading/installed  ## grade the grader: good, bad and hostile submissions
	JOBS=$(JOBS) .venv-grading/bin/pytest tools/grade_test.py tools/hostile_test.py

repository: .venv/installed  ## change the address of the repository everywhere: URL=https://...
	$(BIN)/python tools/repository.py $(URL)

dist: .venv/installed  ## build what is published, in dist
	rm -rf dist
	$(BIN)/python -m pip install --quiet build==1.6.1
	$(BIN)/python -m build

clean:  ## delete what was built; the environment stays
	rm -rf _build build dist

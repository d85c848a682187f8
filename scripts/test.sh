#!/usr/bin/env bash
# Lint, types, doctests and every test, in an environment of its own.
#
#   scripts/test.sh [arguments for pytest]      scripts/test.sh tests/test_iss.py -k lstm
#   PYTHON=python3.7 scripts/test.sh            with another interpreter
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

make_environment ".venv-test-%v" ".[dev]"
cd "$root"

failed=""
check() {
  echo "== $1"
  "${@:2}" || failed="$failed $1"
}

echo "== $("$python" -c 'import platform as p; print(p.python_implementation(), p.python_version())')"
if "$python" -m ruff --version >/dev/null 2>&1; then
  check lint "$python" -m ruff check --quiet .
  check format "$python" -m ruff format --quiet --check .
  check types "$python" -m mypy --no-error-summary
else
  echo "== lint and types are skipped: their tools need Python 3.9"
fi
# Several tests at once; each worker keeps to neighbours, which share what they trained.
check tests "$python" -m pytest -q --numprocesses=auto --maxprocesses=4 --dist=worksteal "$@"

if [ -n "$failed" ]; then
  fail "failed:$failed"
fi

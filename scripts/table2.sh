#!/usr/bin/env bash
# The paper's table 2, recurrent highway networks on the Penn Treebank: trains what is missing of its rows, goes on where it was
# interrupted, and shows the paper's numbers beside ours.
#
#   scripts/table2.sh [--scale=paper|cpu] [--rows=PATTERN] [--jobs=2] [--dry-run | --show] [--data_path=DIR]
#
# PYTHON=... chooses the interpreter. --help says all.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

make_environment .venv .
cd "$root"
"$python" paper/make.py --table=2 "$@"

#!/usr/bin/env bash
# Train a small LSTM language model with Intrinsic Sparse Structures on the built-in corpus, cut its dead units out,
# prove that nothing changed, and time it. About two minutes on two cores, after the installation.
#
#   scripts/quickstart.sh [text file or folder of your own]
#
# PYTHON=... chooses the interpreter; RUNS=... the folder for the runs (default: runs). Run again, it goes on where it
# was interrupted.
set -euo pipefail
text=${1:-builtin}
[ "$text" = builtin ] || text=$(cd "$(dirname "$text")" && pwd)/$(basename "$text")
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

make_environment .venv .
cd "$root"
run=${RUNS:-runs}/quickstart
[ "$text" = builtin ] || run=$run-$(basename "$text")

echo "== Training: $run"
"$python" ptb/train.py --config=ptb/configs/quickstart.json --data_path="$text" --save_path="$run"
echo
echo "== Cutting the dead units out: $run-compact"
"$python" ptb/compact.py --restore_path="$run" --data_path="$text" --save_path="$run-compact"
cat <<TXT

The trained model, its figures and its numbers lie in $run (report.txt, plots/, metrics.csv); the small model in $run-compact.
Curves of loss, perplexity and kept units:
  ${python#"$root"/} -m tensorboard.main --logdir=$run
TXT

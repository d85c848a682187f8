"""``python -m sparse_rnn``: the command ``sparse-rnn``."""

from sparse_rnn.cli import main

main()

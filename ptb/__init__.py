"""Stacked LSTM language models on the Penn Treebank, and on your own text."""

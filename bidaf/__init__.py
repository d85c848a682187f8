"""Bidirectional attention flow for machine comprehension on SQuAD."""

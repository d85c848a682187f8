"""Recurrent highway networks as language models of words and of characters."""

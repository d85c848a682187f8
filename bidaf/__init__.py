"""BiDAF, bi-directional attention flow: a trainer that answers questions about paragraphs (SQuAD)."""

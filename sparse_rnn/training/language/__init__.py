"""What the trainers of language models share: evaluation, training, restoring, comparison before and after removal."""

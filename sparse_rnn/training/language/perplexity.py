"""What the training loop has to know of a language model's numbers: they are perplexities."""

import math

from sparse_rnn.training.task import Measures


def of(loss):
    """The perplexity of a mean negative log likelihood in nats per word."""
    return math.exp(loss) if loss < 700 else float("inf")


#: The validation perplexity chooses the best checkpoint: the smallest wins.
MEASURES = Measures(
    selected_by="valid_perplexity",
    largest=False,
    tags={"train_perplexity": "perplexity/train", "valid_perplexity": "perplexity/valid"},
    items="words",
    of_loss=lambda loss: {"train_perplexity": of(loss)},
    line="train perplexity {train_perplexity:.2f}, valid {valid_perplexity:.2f}".format_map,
    note=lambda loss: "perplexity {:.1f}".format(of(loss)),
)

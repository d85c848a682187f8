"""What a language model's numbers are: perplexities, and for characters bits beside them."""

import math

from sparse_rnn.training.task import Measures


def of(loss):
    """The perplexity of a mean negative log likelihood in nats per word or character; at most e^700, not infinite."""
    return math.exp(min(loss, 700.0))


def columns(unit, split, perplexity):
    """The columns of metrics.csv for the perplexity of one split; for characters with bits per character."""
    found = {split + "_perplexity": perplexity}
    return dict(found, **{split + "_bits": math.log2(perplexity)}) if unit == "character" else found


def told(unit, perplexity):
    """The perplexity in words."""
    said = "perplexity {:.4f}".format(perplexity)
    return said + ", {:.4f} bits per character,".format(math.log2(perplexity)) if unit == "character" else said


def _measures(unit, tags, line, note):
    perplexities = {"train_perplexity": "perplexity/train", "valid_perplexity": "perplexity/valid"}
    return Measures(
        selected_by="valid_perplexity",
        largest=False,
        tags=dict(perplexities, **tags),
        items=unit + "s",
        of_loss=lambda loss: columns(unit, "train", of(loss)),
        line=line.format_map,
        note=lambda loss: note.format(of(loss), loss / math.log(2)),
    )


#: What the training loop has to know, for each unit; the smallest validation perplexity is the best.
MEASURES = {
    "word": _measures(
        "word", {}, "train perplexity {train_perplexity:.2f}, valid {valid_perplexity:.2f}", "perplexity {:.1f}"
    ),
    "character": _measures(
        "character",
        {"train_bits": "bits/train", "valid_bits": "bits/valid"},
        "train {train_bits:.3f} bits per character, valid {valid_bits:.3f}",
        "{1:.2f} bits per character",
    ),
}

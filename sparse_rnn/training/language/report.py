"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

import math

from sparse_rnn import files, plots, tables
from sparse_rnn.training.language import evaluation, restoring


def of(run):
    """The report that lies in a run directory."""
    return files.read_text(run.file("report.txt")).rstrip()


def finish(run, trainer, experiment, corpus, trained, device=None):
    """Evaluate valid and test text in both styles and write the report; done once, at the end of training.

    Args:
      run: the RunDirectory.
      trainer: the Trainer.
      experiment: the config.
      corpus: the text.
      trained: the Trained model.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.
    """
    small = restoring.resized(trainer, experiment, trained.sizes)
    loaded = evaluation.LoadedLanguageModel(trainer, small, trained.weights, device)
    found = {
        split: {style: loaded.perplexity(ids, style, split) for style in evaluation.STYLES}
        for split, ids in (("valid", corpus.valid), ("test", corpus.test))
    }
    counts = trained.report()
    plots.all_figures(run.file("plots"), trained.expanded, trained.original, run.metrics.rows)
    parts = [_table("perplexity", found, lambda value: value)]
    if corpus.unit == "character":
        parts.append(_table("bits per character", found, math.log2))
    parts.append(str(counts))
    if trained.shrank:
        parts.append(_what_was_cut(trained))
    _write(run, "\n\n".join(parts), dict(counts.as_dict(), perplexity=found, sizes=trained.sizes))


def _table(title, found, of):
    rows = [[split] + ["{:.3f}".format(of(each)) for each in values.values()] for split, values in found.items()]
    return tables.aligned([(title,) + evaluation.STYLES] + rows)


def _what_was_cut(trained):
    sizes = ", ".join("{} {}".format(name, size) for name, size in trained.sizes.items())
    return (
        "Dead units were cut out while training: 'now' is the model that training began with, and the checkpoint holds "
        "{} units.".format(sizes)
    )


def of_compaction(run, counts, compared):
    """Write the report of a compacted run: the model before and after removal, side by side."""
    rows = [("", "before", "after removal")]
    for split, (before, after) in compared.perplexity.items():
        rows.append((split + " perplexity, full", "{:.4f}".format(before), "{:.4f}".format(after)))
    for group in counts.groups:
        rows.append((group.name, str(group.size), "kept {} of {}".format(group.kept, group.size)))
    rows.append(("weights", "{:,}".format(counts.weights), "{:,}".format(counts.weights_after)))
    rows.append(
        ("multiply-adds per token", "{:,}".format(counts.multiply_adds), "{:,}".format(counts.multiply_adds_after))
    )
    if any(group.removed for group in counts.groups):
        rows.append(("milliseconds per batch of {} x {}".format(*compared.batch),) + tuple(map(str, compared.timings)))
        rows.append(("speed-up", "", "{:.2f}x".format(compared.speed_up)))
    else:
        rows.append(("speed-up", "", "none: there was nothing to remove"))
    rows.append(
        (
            "largest |logit difference|",
            "",
            "{:.2g} over {:,} {}s".format(compared.logit_difference, compared.compared_words, compared.unit),
        )
    )
    _write(run, tables.aligned(rows), dict(counts.as_dict(), **compared.as_dict()))


def _write(run, text, values):
    files.write_json(run.file("report.json"), values)
    files.write_text(run.file("report.txt"), text + "\n")
    run.say(text)

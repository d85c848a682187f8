"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

from sparse_rnn import files, plots, sparsity, tables
from sparse_rnn.training.language import evaluation


def of(run):
    """The report that lies in a run directory."""
    return files.read_text(run.file("report.txt")).rstrip()


def finish(run, trainer, experiment, corpus, arrays, device=None):
    """Evaluate valid and test text in both styles and write the report; done once, at the end of training.

    Args:
      run: the RunDirectory.
      trainer: the Trainer.
      experiment: the config.
      corpus: the text.
      arrays: the trained weights, ``{variable name: array}``.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.
    """
    structure = trainer.structure(experiment.model, len(corpus.vocabulary))
    loaded = evaluation.LoadedLanguageModel(trainer, experiment, arrays, device)
    perplexity = {
        split: {style: loaded.perplexity(ids, style, split) for style in evaluation.STYLES}
        for split, ids in (("valid", corpus.valid), ("test", corpus.test))
    }
    counts = sparsity.report(arrays, structure, list(arrays))
    plots.all_figures(run.file("plots"), arrays, structure, run.metrics.rows)
    _write(
        run,
        tables.aligned(
            [("perplexity",) + evaluation.STYLES]
            + [
                [split] + ["{:.3f}".format(values[style]) for style in evaluation.STYLES]
                for split, values in perplexity.items()
            ]
        )
        + "\n\n"
        + str(counts),
        dict(counts.as_dict(), perplexity=perplexity),
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
            "{:.2g} over {:,} words".format(compared.logit_difference, compared.compared_words),
        )
    )
    _write(run, tables.aligned(rows), dict(counts.as_dict(), **compared.as_dict()))


def _write(run, text, values):
    files.write_json(run.file("report.json"), values)
    files.write_text(run.file("report.txt"), text + "\n")
    run.say(text)

"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

from sparse_rnn import plots, sparsity, tables
from sparse_rnn.training import reports
from sparse_rnn.training.language import evaluation


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
    reports.write(
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
    rows += reports.removal_rows(counts, compared, compared.batch)
    rows.append(
        (
            "largest |logit difference|",
            "",
            "{:.2g} over {:,} words".format(compared.logit_difference, compared.compared_words),
        )
    )
    reports.write(run, tables.aligned(rows), dict(counts.as_dict(), **compared.as_dict()))

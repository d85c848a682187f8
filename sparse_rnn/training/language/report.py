"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

from sparse_rnn import plots, tables
from sparse_rnn.training import reports
from sparse_rnn.training.language import evaluation, restoring


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
    perplexity = {
        split: {style: loaded.perplexity(ids, style, split) for style in evaluation.STYLES}
        for split, ids in (("valid", corpus.valid), ("test", corpus.test))
    }
    counts = trained.report()
    plots.all_figures(run.file("plots"), trained.expanded, trained.original, run.metrics.rows)
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
        + str(counts)
        + reports.what_was_cut(trained),
        dict(counts.as_dict(), perplexity=perplexity, sizes=trained.sizes),
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

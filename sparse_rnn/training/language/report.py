"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

import math

from sparse_rnn import plots, tables
from sparse_rnn.training import reports
from sparse_rnn.training.language import evaluation, restoring


def finish(run, trainer, experiment, corpus, arrays, trained, device=None):
    """Evaluate valid and test text in both styles and write the report; done once, at the end of training.

    Args:
      run: the RunDirectory.
      trainer: the Trainer.
      experiment: the config.
      corpus: the text.
      arrays: ``{variable name: array}`` of the weights that are evaluated: the last ones, or their moving averages.
      trained: the Trained model.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.
    """
    small = restoring.resized(trainer, experiment, trained.sizes)
    loaded = evaluation.LoadedLanguageModel(trainer, small, arrays, device)
    found = {
        split: {style: loaded.perplexity(ids, style, split) for style in evaluation.STYLES}
        for split, ids in (("valid", corpus.valid), ("test", corpus.test))
    }
    loaded.session.close()
    counts = trained.report()
    plots.all_figures(run.file("plots"), trained.expanded, trained.original, run.metrics.rows)
    parts = [_table("perplexity", found, lambda value: value)]
    if corpus.unit == "character":
        parts.append(_table("bits per character", found, math.log2))
    parts += [str(counts)] + reports.what_was_cut(trained)
    reports.write(run, "\n\n".join(parts), dict(counts.as_dict(), perplexity=found, sizes=trained.sizes))


def _table(title, found, of):
    rows = [[split] + ["{:.3f}".format(of(each)) for each in values.values()] for split, values in found.items()]
    return tables.aligned([(title,) + evaluation.STYLES] + rows)


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
            "{:.2g} over {:,} {}s".format(compared.logit_difference, compared.compared_words, compared.unit),
        )
    )
    reports.write(run, tables.aligned(rows), dict(counts.as_dict(), **compared.as_dict()))

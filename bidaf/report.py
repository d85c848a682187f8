"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

from bidaf import evaluation, reading, restoring
from sparse_rnn import plots, tables
from sparse_rnn.training import averages, reports


def finish(run, experiment, prepared, arrays, trained, device=None):
    """Answer every dev question and write the report; done once, at the end of training.

    Args:
      run: the RunDirectory.
      experiment: the config, with the sizes that the model has come to.
      prepared: the data.
      arrays: ``{variable name: array}`` of the weights and their moving averages.
      trained: the Trained model.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.
    """
    options, read = experiment.model, averages.of(arrays)
    reader = evaluation.Reader(options, restoring.counts_of(options, arrays), device).load(read)
    batches = reading.evaluation_batches(experiment, prepared.dev)
    found = sum(evaluation.answers([reader], prepared.dev, [batches]), [])
    reader.close()
    score = evaluation.score_of(prepared.dev, found)
    counts = trained.report()
    plots.all_figures(run.file("plots"), trained.expanded, trained.original, run.metrics.rows)
    parts = [tables.aligned(score_rows(score)), str(counts)] + reports.what_was_cut(trained)
    reports.write(run, "\n\n".join(parts), dict(counts.as_dict(), dev=score._asdict(), sizes=trained.sizes))


def of_compaction(run, counts, compared):
    """Write the report of a compacted run: the model before and after removal, side by side."""
    rows = [("", "before", "after removal")]
    for name, (before, after) in compared.metrics.items():
        rows.append(("dev " + name, "{:.4f}".format(before), "{:.4f}".format(after)))
    rows.append(("answers that differ", "", "{:,} of {:,}".format(compared.differing, compared.questions)))
    rows += reports.removal_rows(counts, compared, compared.batch)
    rows.append(("largest |score difference|", "", "{:.2g}".format(compared.score_difference)))
    reports.write(run, tables.aligned(rows), dict(counts.as_dict(), **compared.as_dict()))


def score_rows(score):
    """Rows of a table with EM and F1."""
    return [
        ("exact match", "{:.2f}".format(score.exact_match)),
        ("F1", "{:.2f}".format(score.f1)),
        ("questions", "{:,}".format(score.questions)),
        ("unanswered", "{:,}".format(len(score.unanswered))),
    ]

"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

from bidaf import evaluation, reading, structure, variables
from sparse_rnn import plots, sparsity, tables
from sparse_rnn.training import averages, reports


def finish(run, experiment, counts, prepared, arrays, device=None):
    """Answer every dev question and write the report; done once, at the end of training.

    Args:
      run: the RunDirectory.
      experiment: the config.
      counts: the model's :class:`bidaf.variables.Counts`.
      prepared: the data.
      arrays: ``{variable name: array}`` of the weights and their moving averages, see
        :meth:`bidaf.evaluation.Judge.arrays`.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.
    """
    units = structure.structure(experiment.model, counts.word_size)
    weights = {name: array for name, array in arrays.items() if not name.endswith(averages.SUFFIX)}
    reader = evaluation.Reader(experiment.model, counts, device).load(averages.of(arrays))
    batches = reading.evaluation_batches(experiment, prepared.dev)
    found = sum(evaluation.answers([reader], prepared.dev, [batches]), [])
    reader.close()
    score = evaluation.score_of(prepared.dev, found)
    report = sparsity.report(weights, units, variables.trained(experiment.model))
    plots.all_figures(run.file("plots"), weights, units, run.metrics.rows)
    reports.write(
        run,
        tables.aligned(score_rows(score)) + "\n\n" + str(report),
        dict(report.as_dict(), dev=dict(score._asdict())),
    )


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

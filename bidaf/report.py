"""What a run says at its end: report.txt and report.json, from its last weights, and the figures in plots/."""

from bidaf import evaluation, reading, structure, variables
from sparse_rnn import files, plots, sparsity, tables
from sparse_rnn.training import averages


def of(run):
    """The report that lies in a run directory."""
    return files.read_text(run.file("report.txt")).rstrip()


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
    found = list(
        evaluation.answers([reader], prepared.dev, [reading.evaluation_batches(experiment, prepared.dev)])
    )
    reader.close()
    score = evaluation.score_of(prepared.dev, found)
    report = sparsity.report(weights, units, variables.trained(experiment.model))
    plots.all_figures(run.file("plots"), weights, units, run.metrics.rows)
    write(
        run,
        tables.aligned(score_rows(score)) + "\n\n" + str(report),
        dict(report.as_dict(), dev=dict(score._asdict())),
    )


def score_rows(score):
    """Rows of a table with EM and F1."""
    return [
        ("exact match", "{:.2f}".format(score.exact_match)),
        ("F1", "{:.2f}".format(score.f1)),
        ("questions", "{:,}".format(score.questions)),
        ("unanswered", "{:,}".format(len(score.unanswered))),
    ]


def write(run, text, values):
    """Write the report as text and as JSON, the text last: a run that has it is finished."""
    files.write_json(run.file("report.json"), values)
    files.write_text(run.file("report.txt"), text + "\n")
    run.say(text)

"""What the trainers' reports share: report.txt and report.json of a run, and the table of a removal."""

from sparse_rnn import files


def of(run):
    """The report that lies in a run directory."""
    return files.read_text(run.file("report.txt")).rstrip()


def write(run, text, values):
    """Write the report as JSON and as text, the text last: a run that has it is finished."""
    files.write_json(run.file("report.json"), values)
    files.write_text(run.file("report.txt"), text + "\n")
    run.say(text)


def what_was_cut(trained):
    """Paragraphs on a :class:`sparse_rnn.training.shrinking.Trained` model: one where it shrank while training."""
    if not trained.shrank:
        return []
    sizes = ", ".join("{} {}".format(name, size) for name, size in trained.sizes.items())
    return [
        "Dead units were cut out while training: 'now' is the model that training began with, and the checkpoint holds "
        "{} units.".format(sizes)
    ]


def removal_rows(counts, compared, batch):
    """Rows (what, before, after removal) of units, weights and time.

    Args:
      counts: the :class:`sparse_rnn.sparsity.Report` of the weights before.
      compared: has ``timings`` (before, after) of one batch and ``speed_up``.
      batch: the shape of that batch, for the reader.
    """
    rows = [(group.name, str(group.size), "kept {} of {}".format(group.kept, group.size)) for group in counts.groups]
    rows.append(("weights", "{:,}".format(counts.weights), "{:,}".format(counts.weights_after)))
    rows.append(
        ("multiply-adds per token", "{:,}".format(counts.multiply_adds), "{:,}".format(counts.multiply_adds_after))
    )
    if any(group.removed for group in counts.groups):
        shape = " x ".join(map(str, batch))
        rows.append(("milliseconds per batch of {}".format(shape),) + tuple(map(str, compared.timings)))
        rows.append(("speed-up", "", "{:.2f}x".format(compared.speed_up)))
    else:
        rows.append(("speed-up", "", "none: there was nothing to remove"))
    return rows

"""The numbers of an epoch: a row of metrics.csv, points in TensorBoard, a line for a person."""

from sparse_rnn import cost, groups
from sparse_rnn.training import schedules

#: Column of metrics.csv -> TensorBoard tag; the trainer's own and those of the sparsity report bring theirs.
_TAGS = {
    "train_loss": "loss/train",
    "penalty": "loss/penalty",
    "weights_after": "cost/weights_after_removal",
    "multiply_adds_after": "cost/multiply_adds_after_removal",
    "weights_in_graph": "cost/weights_in_graph",
    "multiply_adds_in_graph": "cost/multiply_adds_in_graph",
    "logit_difference": "cost/logit_difference_of_removal",
    "learning_rate": "train/learning_rate",
    "strength_factor": "train/strength_factor",
    "foreseen": "train/foreseen_by_target",
}


def measured(built, train, epoch):
    """The first columns of an epoch's row: the losses, and what the trainer evaluates.

    Args:
      built: the Built, its epoch's last step done.
      train: the config's section of that name.
      epoch: number of the epoch, from 0.
    """
    task, session = built.task, built.session
    row = {"epoch": epoch + 1, "step": built.steps_done()}
    row["learning_rate"] = schedules.learning_rate(train, epoch)
    row["train_loss"] = built.loss(task.steps_per_epoch)
    row.update(task.measures.of_loss(row["train_loss"]))
    row["penalty"] = session.run(task.step.totals["penalty"]) / task.steps_per_epoch
    row.update(task.evaluate(session))
    return row


def graph_columns(trained):
    """What the graph holds now, beside the columns of the report, which count by the original model."""
    shapes = groups.shapes_of(trained.weights)
    row = {"units/{}/in_graph".format(name): size for name, size in trained.sizes.items()}
    row["weights_in_graph"] = cost.weight_count(shapes)
    row["multiply_adds_in_graph"] = cost.multiply_adds(shapes, trained.structure)
    return row


def time_columns(task, seconds):
    """How long the epoch's steps took, and how fast that was."""
    return {"seconds": seconds, _speed(task.measures): task.steps_per_epoch * task.items_per_step / seconds}


def scalars(row, report, measures):
    """``{TensorBoard tag: number}`` of an epoch."""
    tags = dict(_TAGS, **measures.tags)
    tags[_speed(measures)] = "train/" + _speed(measures)
    tags.update({column: column for column in row if column.endswith("/in_graph")})
    return dict(report.scalars(), **{tag: row[column] for column, tag in tags.items() if column in row})


def line(row, report, measures, epochs):
    """What is said of an epoch."""
    return "epoch {} of {}: {}, penalty {:.3f}; {}; {:.0f} {} per second".format(
        row["epoch"],
        epochs,
        measures.line(row),
        row["penalty"],
        ", ".join("{} kept {} of {}".format(group.name, group.kept, group.size) for group in report.groups),
        row[_speed(measures)],
        measures.items,
    )


def _speed(measures):
    return measures.items + "_per_second"

"""What a trainer hands to the training loop: its graph, and what its numbers are called."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable

from sparse_rnn.training.optimization import TrainingStep


@dataclass(frozen=True)
class Measures:
    """The numbers of one kind of trainer beside the loss: which there are, which one counts, and how they read.

    Attributes:
      selected_by: the column of metrics.csv that chooses the best checkpoint.
      largest: whether the largest value of that column is the best; otherwise the smallest is.
      tags: ``{column: TensorBoard tag}`` of the trainer's own columns.
      items: what the speed counts ("words").
      of_loss: maps an epoch's training loss to columns that follow from it.
      line: maps an epoch's row to the words that the line about the epoch begins with.
      note: maps the loss of the epoch so far to a few words beside the progress bar.
    """

    selected_by: str
    largest: bool
    tags: Dict[str, str]
    items: str
    of_loss: Callable[[float], Dict[str, float]]
    line: Callable[[Dict[str, float]], str]
    note: Callable[[float], str]

    def improves(self, row, rows):
        """Whether ``row`` is better than each of ``rows``; a value that is no number never is."""
        value, others = row[self.selected_by], [other[self.selected_by] for other in rows]
        if value != value:
            return False
        return not any(other >= value if self.largest else other <= value for other in others)


@dataclass(frozen=True)
class Task:
    """One experiment, built in the default graph.

    Attributes:
      step: the graph's training step.
      steps_per_epoch: number of updates in an epoch, the stretch between two evaluations.
      feed: maps the number of updates done so far to the feed dictionary of the next.
      items_per_step: what one step trains on, on average, in ``measures.items``, for the speed.
      loss_per_cost: factor from the mean cost of an epoch's steps to ``train_loss``.
      evaluate: maps a session to columns of the epoch's row; ``measures.selected_by`` must be one.
      scores: maps a session to the model's scores of some real text, array by array, on which a cut is proven.
      structure: the model's UnitGroups, carried states included.
      measures: the Measures.
      close: gives back what evaluation holds outside the graph, such as a session of its own.
    """

    step: TrainingStep
    steps_per_epoch: int
    feed: Callable[[int], Dict[Any, Any]]
    items_per_step: float
    loss_per_cost: float
    evaluate: Callable[[Any], Dict[str, float]]
    scores: Callable[[Any], Iterable[Any]]
    structure: Any
    measures: Measures
    close: Callable[[], None] = field(default=lambda: None)

"""A model before and after its dead units are cut out: what all trainers say of the two."""

from dataclasses import asdict, dataclass
from typing import Any, Tuple

from sparse_rnn.errors import UserError
from sparse_rnn.training import proof


@dataclass(frozen=True)
class Figures:
    """Figures before and after removal; trainers add their own.

    Attributes:
      timings: of one batch through the whole model (before, after).
      batch: the shape of that batch.
    """

    timings: Tuple[Any, Any]
    batch: Tuple[int, ...]

    @property
    def speed_up(self):
        """How many times faster the small model is."""
        return self.timings[0].milliseconds / self.timings[1].milliseconds

    def as_dict(self):
        """Everything, ready for JSON."""
        return dict(asdict(self), speed_up=self.speed_up)


def largest_difference(before, after, score):
    """Largest ``|before - after|`` over the scores of two models that are the same function.

    Args:
      before, after: the scores of the same text, array by array, of equal shapes.
      score: what one of them is called, for the error.

    Raises:
      UserError: the two are not the same function.
    """
    compared = proof.compare(before, after)
    if not compared.same:
        raise UserError(
            "the smaller model differs from the larger one by {:.3g} in a {}; nothing was written.".format(
                compared.largest, score
            )
        )
    return compared.largest

"""The learning rate of each epoch."""

from sparse_rnn.training.options import Train


def learning_rate(train: Train, epoch: int) -> float:
    """The learning rate of one epoch.

    Args:
      train: the ``train`` section of a config.
      epoch: number of the epoch, from 0.

    Returns:
      With the first learning rate ``lr`` and the schedule's ``factor``, ``after`` and ``parts``:

      * ``constant``: ``lr``
      * ``delayed_decay``: ``lr * factor ** max(epoch + 1 - after, 0)``, as Zaremba et al. (2014) and, with factor
        1/1.02, the recurrent highway networks ("quick start")
      * ``equal_steps``: ``lr * factor ** (epoch // (epochs // parts))``, as ISS on Penn Treebank. Epochs that
        do not divide evenly leave a remainder at one factor less: 55 epochs in 3 parts are 18 + 18 + 18 + 1. A run of
        fewer epochs than parts decays after each epoch.

    >>> [learning_rate(Train(), epoch) for epoch in (0, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.25]
    """
    schedule = train.schedule
    if schedule.kind == "constant":
        decays = 0
    elif schedule.kind == "delayed_decay":
        decays = max(epoch + 1 - schedule.after, 0)
    else:
        decays = epoch // max(train.epochs // schedule.parts, 1)
    return train.learning_rate * schedule.factor**decays

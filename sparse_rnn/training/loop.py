"""The training loop that all trainers share: epochs, checkpoints, numbers, resume.

Everything that decides the next step is in the checkpoint, so a run that was interrupted anywhere goes on and ends
in exactly the numbers of an uninterrupted one.
"""

import math
import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict

from sparse_rnn import checkpoints, sparsity
from sparse_rnn.compat import reason, session_config, tf, variables_by_name
from sparse_rnn.errors import UserError
from sparse_rnn.training import schedules
from sparse_rnn.training.events import Events
from sparse_rnn.training.optimization import TrainingStep
from sparse_rnn.training.progress import Progress
from sparse_rnn.training.run_directory import BEST

#: The metric by which the best checkpoint is chosen: the smallest wins.
SELECTED_BY = "valid_perplexity"
#: Column of metrics.csv -> TensorBoard tag; those of the sparsity report bring their own.
_TAGS = {
    "train_loss": "loss/train",
    "penalty": "loss/penalty",
    "train_perplexity": "perplexity/train",
    "valid_perplexity": "perplexity/valid",
    "weights_after": "cost/weights_after_removal",
    "multiply_adds_after": "cost/multiply_adds_after_removal",
    "learning_rate": "train/learning_rate",
    "words_per_second": "train/words_per_second",
}


@dataclass
class Task:
    """What a trainer hands to the loop.

    Attributes:
      step: the graph's training step.
      steps_per_epoch: number of updates in an epoch.
      feed: maps the number of a step within its epoch to a feed dictionary.
      words_per_step: words trained on in one step, for the speed.
      cost_per_word: factor from the sum of costs over an epoch to nats per word.
      evaluate: maps a session to columns of the epoch's row; ``valid_perplexity`` must be one.
      structure: the model's UnitGroups.
    """

    step: TrainingStep
    steps_per_epoch: int
    feed: Callable[[int], Dict[Any, Any]]
    words_per_step: int
    cost_per_word: float
    evaluate: Callable[[Any], Dict[str, float]]
    structure: Any


def fit(task, train, run, initial_weights=None):
    """Train in the default graph until ``train.epochs`` epochs are done.

    Args:
      task: the Task.
      train: the config's section of that name.
      run: the RunDirectory; where it holds a checkpoint, training goes on from there.
      initial_weights: ``{name: array}`` to begin a new run from.

    Returns:
      The session, for a last evaluation.

    Raises:
      UserError: the loss became infinite or no number, or the disk is full; the last good checkpoint is named.
      KeyboardInterrupt: after saving.
    """
    return _Training(task, train, run).fit(initial_weights)


class _Training:
    def __init__(self, task, train, run):
        self.task, self.train, self.run = task, train, run
        self.saver = tf.train.Saver(max_to_keep=1, save_relative_paths=True)
        self.best_saver = tf.train.Saver(max_to_keep=1, save_relative_paths=True)
        self.session = tf.Session(config=session_config())
        self.saved_at = time.time()

    def fit(self, initial_weights):
        self._begin(initial_weights)
        try:
            for epoch in range(len(self.run.metrics.rows), self.train.epochs):
                self._epoch(epoch)
        except KeyboardInterrupt:
            prefix = self._save()
            self.run.say("interrupted; saved {}. The same command goes on from there.".format(prefix))
            raise
        return self.session

    def _begin(self, initial_weights):
        self.session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if os.path.exists(self.run.file("checkpoint")):
            self._restore()
        elif initial_weights:
            for variable in tf.trainable_variables():
                variable.load(initial_weights[variable.op.name], self.session)
        done = self._steps_done()
        self._keep_rows_until(done)
        self.events = Events(self.run.path, tf.get_default_graph())
        if done:
            self.events.goes_on_after(done)
            self.run.say("going on after step {} of {}".format(done, self.train.epochs * self.task.steps_per_epoch))

    def _restore(self):
        prefix = checkpoints.find(self.run.path)
        try:
            self.saver.restore(self.session, prefix)
        except (tf.errors.OpError, ValueError) as error:
            raise UserError(
                "checkpoint '{}' is damaged or not of this run: {}; put a copy of it back, or choose another "
                "--save_path.".format(prefix, reason(error))
            ) from error
        self.saver.recover_last_checkpoints([prefix])
        if os.path.exists(self.run.file(BEST, "checkpoint")):
            self.best_saver.recover_last_checkpoints([checkpoints.find(self.run.file(BEST))])

    def _keep_rows_until(self, done):
        metrics = self.run.metrics
        metrics.keep_until(done // self.task.steps_per_epoch)
        # The row of an epoch whose last step is done is missing where its evaluation was interrupted.
        needed = (done - 1) // self.task.steps_per_epoch
        if len(metrics.rows) < needed:
            raise UserError(
                "{} has {} rows where the checkpoint is {} epochs on; put a copy of it back, or go on from these "
                "weights with --restore_path={} and another --save_path.".format(
                    metrics.path, len(metrics.rows), needed, self.run.path
                )
            )

    def _epoch(self, epoch):
        task, step = self.task, self.task.step
        first = self._steps_done() - epoch * task.steps_per_epoch
        if first == 0:
            self.session.run(step.begin_epoch)
        began = time.time() - self.session.run(step.seconds)
        title = "epoch {} of {}".format(epoch + 1, self.train.epochs)
        progress = Progress(title, task.steps_per_epoch, first, self.run.say)
        try:
            for index in range(first, task.steps_per_epoch):
                _, finite = self.session.run([step.run, step.finite], self._feed(epoch, index))
                if not finite:
                    self._stop_at_no_number()
                progress.step(lambda index=index: "perplexity {:.1f}".format(self._perplexity(index + 1)))
                if time.time() - self.saved_at > 60 * self.train.checkpoint_minutes:
                    step.seconds.load(time.time() - began, self.session)
                    self._save()
        finally:
            progress.close()
            step.seconds.load(time.time() - began, self.session)
        self._finish_epoch(epoch, time.time() - began)

    def _feed(self, epoch, index):
        feed = self.task.feed(index)
        feed[self.task.step.learning_rate] = schedules.learning_rate(self.train, epoch)
        return feed

    def _finish_epoch(self, epoch, seconds):
        task = self.task
        self._stop_unless_the_next_step_is_finite()
        row = {"epoch": epoch + 1, "step": self._steps_done()}
        row["learning_rate"] = schedules.learning_rate(self.train, epoch)
        row["train_loss"] = self._loss(task.steps_per_epoch)
        row["train_perplexity"] = _exp(row["train_loss"])
        row["penalty"] = self.session.run(task.step.totals["penalty"]) / task.steps_per_epoch
        row.update(task.evaluate(self.session))
        report = sparsity.report(self.weights(), task.structure)
        row.update(report.as_row())
        row["seconds"] = seconds
        row["words_per_second"] = task.steps_per_epoch * task.words_per_step / seconds
        if row[SELECTED_BY] < self.run.metrics.best(SELECTED_BY):
            checkpoints.save(self.best_saver, self.session, self.run.file(BEST), row["step"])
        self._summarise(row, report)
        # The row comes last: an epoch that has one is never finished again.
        self.run.metrics.append(row)
        self._save()
        kept = ", ".join("{} kept {} of {}".format(group.name, group.kept, group.size) for group in report.groups)
        self.run.say(
            "epoch {} of {}: train perplexity {:.2f}, valid {:.2f}, penalty {:.3f}; {}; {:.0f} words per second".format(
                epoch + 1,
                self.train.epochs,
                row["train_perplexity"],
                row["valid_perplexity"],
                row["penalty"],
                kept,
                row["words_per_second"],
            )
        )

    def weights(self):
        """The trainable variables' values: ``{name: array}``."""
        return self.session.run(variables_by_name())

    def _summarise(self, row, report):
        scalars = {tag: row[column] for column, tag in _TAGS.items()}
        self.events.scalars(dict(report.scalars(), **scalars), row["step"])

    def _save(self):
        self._stop_unless_the_next_step_is_finite()
        prefix = checkpoints.save(self.saver, self.session, self.run.path, self._steps_done())
        self.saved_at = time.time()
        return prefix

    def _steps_done(self):
        return int(self.session.run(self.task.step.global_step))

    def _loss(self, steps):
        return self.session.run(self.task.step.totals["cost"]) * self.task.cost_per_word / steps

    def _perplexity(self, steps):
        return _exp(self._loss(steps))

    def _stop_unless_the_next_step_is_finite(self):
        """So every checkpoint is one to go on from."""
        epoch, index = divmod(self._steps_done(), self.task.steps_per_epoch)
        if not self.session.run(self.task.step.finite, self._feed(epoch, index)):
            self._stop_at_no_number()

    def _stop_at_no_number(self):
        try:
            good = "the last good checkpoint is '{}'".format(checkpoints.find(self.run.path))
        except UserError:
            good = "there is no checkpoint yet"
        raise UserError(
            "the loss or its gradient is no finite number any more after step {}; {}; choose a lower "
            "train.learning_rate or train.max_grad_norm, and another --save_path.".format(self._steps_done(), good)
        )


def _exp(loss):
    return math.exp(loss) if loss < 700 else float("inf")

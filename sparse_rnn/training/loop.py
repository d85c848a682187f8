"""The training loop that all trainers share: epochs, checkpoints, numbers, resume.

Everything that decides the next step is in the checkpoint, so a run that was interrupted anywhere goes on and ends
in exactly the numbers of an uninterrupted one.
"""

import time

from sparse_rnn import checkpoints, sparsity
from sparse_rnn.compat import session_config, tf, variables_by_name
from sparse_rnn.errors import UserError
from sparse_rnn.training import schedules
from sparse_rnn.training.events import Events
from sparse_rnn.training.progress import Progress
from sparse_rnn.training.saving import Savers

#: Column of metrics.csv -> TensorBoard tag; the trainer's own and those of the sparsity report bring theirs.
_TAGS = {
    "train_loss": "loss/train",
    "penalty": "loss/penalty",
    "weights_after": "cost/weights_after_removal",
    "multiply_adds_after": "cost/multiply_adds_after_removal",
    "learning_rate": "train/learning_rate",
}


class Training:
    """Training of one experiment, in a graph and a session of its own.

    Args:
      build: makes the Task in the default graph; what cannot be built is refused here, before anything is written.
      train: the config's section of that name.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.

    Attributes:
      task: the Task.
      session: in which the variables are, once :meth:`fit` has begun.
    """

    def __init__(self, build, train, device=None):
        self._train, self._graph = train, tf.Graph()
        with self._graph.as_default(), tf.device(device):
            self.task = build()

    def fit(self, run, initial_weights=None):
        """Train until ``train.epochs`` epochs are done.

        Args:
          run: the RunDirectory; where it holds a checkpoint, training goes on from there.
          initial_weights: ``{name: array}`` to begin a new run from; variables that are not named begin as ever.

        Returns:
          The trained weights, ``{name: array}``.

        Raises:
          UserError: the loss became infinite or no number, or the disk is full; the last good checkpoint is named.
          KeyboardInterrupt: after saving.
        """
        with self._graph.as_default():
            self._begin(run, initial_weights)
            try:
                for epoch in range(len(run.metrics.rows), self._train.epochs):
                    self._epoch(epoch)
            except tf.errors.ResourceExhaustedError as error:
                raise UserError(
                    "the memory is exhausted; choose a smaller train.batch_size, train.num_steps or model."
                ) from error
            except KeyboardInterrupt:
                prefix = self._save()
                run.say("interrupted; saved {}. The same command goes on from there.".format(prefix))
                raise
            return self._weights()

    def close(self):
        """Give the session's memory back."""
        self.session.close()

    def _begin(self, run, initial_weights):
        self._run, self._saved_at = run, time.time()
        self.session = tf.Session(config=session_config())
        self._savers = Savers(run, self.session)
        self.session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if not self._savers.restore() and initial_weights:
            for variable in tf.global_variables():
                if variable.op.name in initial_weights:
                    variable.load(initial_weights[variable.op.name], self.session)
        done = self._steps_done()
        self._keep_rows_until(done)
        self._events = Events(run.path, self._graph)
        if done:
            self._events.goes_on_after(done)
            run.say("going on after step {} of {}".format(done, self._train.epochs * self.task.steps_per_epoch))

    def _keep_rows_until(self, done):
        metrics = self._run.metrics
        metrics.keep_until(done // self.task.steps_per_epoch)
        # The row of an epoch whose last step is done is missing where its evaluation was interrupted.
        needed = (done - 1) // self.task.steps_per_epoch
        if len(metrics.rows) < needed:
            raise UserError(
                "{} has {} rows where the checkpoint is {} epochs on; put a copy of it back, or go on from these "
                "weights with --restore_path={} and another --save_path.".format(
                    metrics.path, len(metrics.rows), needed, self._run.path
                )
            )

    def _epoch(self, epoch):
        task, step = self.task, self.task.step
        begun_at, end = epoch * task.steps_per_epoch, (epoch + 1) * task.steps_per_epoch
        first = self._steps_done()
        if first == begun_at:
            self.session.run(step.begin_epoch)
        began = time.time() - self.session.run(step.seconds)
        title = "epoch {} of {}".format(epoch + 1, self._train.epochs)
        progress = Progress(title, task.steps_per_epoch, first - begun_at, self._run.say)
        try:
            for done in range(first, end):
                _, finite = self.session.run([step.run, step.finite], self._feed(done))
                if not finite:
                    self._stop_at_no_number()
                progress.step(lambda steps=done + 1 - begun_at: task.measures.note(self._loss(steps)))
                if time.time() - self._saved_at > 60 * self._train.checkpoint_minutes:
                    step.seconds.load(time.time() - began, self.session)
                    self._save()
        finally:
            progress.close()
            step.seconds.load(time.time() - began, self.session)
        self._finish_epoch(epoch, time.time() - began)

    def _feed(self, done):
        feed = self.task.feed(done)
        feed[self.task.step.learning_rate] = schedules.learning_rate(self._train, done // self.task.steps_per_epoch)
        return feed

    def _finish_epoch(self, epoch, seconds):
        self._stop_unless_the_next_step_is_finite()
        row = self._measured(epoch)
        report = sparsity.report(self._weights(), self.task.structure)
        row.update(report.as_row())
        row["seconds"] = seconds
        row[_speed(self.task.measures)] = self.task.steps_per_epoch * self.task.items_per_step / seconds
        if self.task.measures.improves(row, self._run.metrics.rows):
            self._savers.save_best(row["step"])
        self._summarise(row, report)
        # The row comes last: an epoch that has one is never finished again.
        self._run.metrics.append(row)
        self._save()
        self._run.say(self._line(row, report))

    def _measured(self, epoch):
        """The first columns of an epoch's row: the losses, and what the trainer evaluates."""
        task = self.task
        row = {"epoch": epoch + 1, "step": self._steps_done()}
        row["learning_rate"] = schedules.learning_rate(self._train, epoch)
        row["train_loss"] = self._loss(task.steps_per_epoch)
        row.update(task.measures.of_loss(row["train_loss"]))
        row["penalty"] = self.session.run(task.step.totals["penalty"]) / task.steps_per_epoch
        row.update(task.evaluate(self.session))
        return row

    def _summarise(self, row, report):
        measures = self.task.measures
        tags = dict(_TAGS, **measures.tags)
        tags[_speed(measures)] = "train/" + _speed(measures)
        self._events.scalars(dict(report.scalars(), **{tag: row[column] for column, tag in tags.items()}), row["step"])

    def _line(self, row, report):
        measures = self.task.measures
        return "epoch {} of {}: {}, penalty {:.3f}; {}; {:.0f} {} per second".format(
            row["epoch"],
            self._train.epochs,
            measures.line(row),
            row["penalty"],
            ", ".join("{} kept {} of {}".format(group.name, group.kept, group.size) for group in report.groups),
            row[_speed(measures)],
            measures.items,
        )

    def _weights(self):
        return self.session.run(variables_by_name())

    def _save(self):
        self._stop_unless_the_next_step_is_finite()
        prefix = self._savers.save(self._steps_done())
        self._saved_at = time.time()
        return prefix

    def _steps_done(self):
        return int(self.session.run(self.task.step.global_step))

    def _loss(self, steps):
        return self.session.run(self.task.step.totals["cost"]) * self.task.loss_per_cost / steps

    def _stop_unless_the_next_step_is_finite(self):
        """So every checkpoint is one to go on from."""
        if not self.session.run(self.task.step.finite, self._feed(self._steps_done())):
            self._stop_at_no_number()

    def _stop_at_no_number(self):
        try:
            good = "the last good checkpoint is '{}'".format(checkpoints.find(self._run.path))
        except UserError:
            good = "there is no checkpoint yet"
        raise UserError(
            "the loss or its gradient is no finite number any more after step {}; {}; choose a lower "
            "train.learning_rate or train.max_grad_norm, and another --save_path.".format(self._steps_done(), good)
        )


def _speed(measures):
    """The column of metrics.csv that says how fast training was."""
    return measures.items + "_per_second"

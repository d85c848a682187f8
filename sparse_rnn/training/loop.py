"""The training loop that all trainers share: epochs, checkpoints, resume, and models that shrink as they go.

Everything that decides the next step is in the checkpoint, so a run that was interrupted anywhere goes on and ends
in exactly the numbers of an uninterrupted one.
"""

import gc
import time

from sparse_rnn import checkpoints
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import epoch_numbers, schedules, shrinking, steering
from sparse_rnn.training.events import Events
from sparse_rnn.training.progress import Progress
from sparse_rnn.training.run_directory import BEST


class Training:
    """Training of one experiment, in a graph and a session of its own, both made anew when dead units are cut out.

    Args:
      build: maps ``{group: units}`` to the Task of the model with those sizes, made in the default graph; a group that
        is not named has the experiment's. What cannot be built is refused here, before anything is written.
      experiment: the config, of which the sections ``train`` and ``sparsity`` matter here.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.

    Attributes:
      task: the Task as it is built now.
    """

    def __init__(self, build, experiment, device=None):
        self._train, is_steered = experiment.train, experiment.sparsity.target is not None
        build = steering.remembering(build) if is_steered else build
        self._shrinking = shrinking.Shrinking(build, experiment.sparsity.compact_every_epochs, device)
        self._built = self._shrinking.built_at({})
        self._steering = steering.Steering(experiment, self._built) if is_steered else None

    @property
    def task(self):
        return self._built.task

    def arrays(self):
        """The values of all variables that a checkpoint holds: ``{name: array}``."""
        return self._built.arrays()

    def fit(self, run, initial_weights=None):
        """Train until ``train.epochs`` epochs are done.

        Args:
          run: the RunDirectory; where it holds a checkpoint, training goes on from there.
          initial_weights: ``{name: array}`` to begin a new run from; variables that are not named begin as ever.

        Returns:
          The :class:`sparse_rnn.training.shrinking.Trained` model.

        Raises:
          UserError: the loss became infinite or no number, or a removal of dead units was not exact (the last good
            checkpoint is named); the disk is full; the memory is exhausted; the checkpoint or table of ``run`` is
            damaged.
          KeyboardInterrupt: after saving.
        """
        try:
            self._begin(run, initial_weights)
            self._train_on()
        except tf.errors.ResourceExhaustedError as error:
            raise UserError(
                "the memory is exhausted; choose a smaller train.batch_size, shorter sequences or a smaller model."
            ) from error
        return self._shrinking.trained(self._built)

    def close(self):
        """Give the memory back that it is trained and evaluated in."""
        self._built.close()

    def _begin(self, run, initial_weights):
        self._run, self._saved_at = run, time.time()
        self._built = self._shrinking.built_for(run, self._built)
        self._built.begin(run)
        if not self._built.savers.restore():
            self._built.load(initial_weights or {})
        done = self._steps_done()
        self._keep_rows_until(done)
        self._shrinking.describe(self._built, run.path)
        self._events = Events(run.path, self._built.graph)
        if done:
            self._events.goes_on_after(done)
            run.say("going on after step {} of {}".format(done, self._train.epochs * self.task.steps_per_epoch))

    def _train_on(self):
        try:
            self._cut_what_an_interruption_left()
            for epoch in range(len(self._run.metrics.rows), self._train.epochs):
                self._epoch(epoch)
        except KeyboardInterrupt:
            prefix = self._save()
            self._run.say("interrupted; saved {}. The same command goes on from there.".format(prefix))
            raise

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

    def _cut_what_an_interruption_left(self):
        """The cut after an epoch that has its row already, but whose last checkpoint is missing."""
        epochs = len(self._run.metrics.rows)
        if self._steps_done() == epochs * self.task.steps_per_epoch:
            after, _ = self._after_cut(epochs)
            if after is not self._built:
                self._go_on_with(after)
                self._save()

    def _epoch(self, epoch):
        task, step = self.task, self.task.step
        begun_at, end = epoch * task.steps_per_epoch, (epoch + 1) * task.steps_per_epoch
        first = self._steps_done()
        if first == begun_at:
            self._built.session.run(step.begin_epoch)
        began = time.time() - self._built.session.run(step.seconds)
        title = "epoch {} of {}".format(epoch + 1, self._train.epochs)
        progress = Progress(title, task.steps_per_epoch, first - begun_at, self._run.say)
        try:
            for done in range(first, end):
                if self._steering is not None:
                    self._steering.before(done, self._built)
                _, finite = self._built.session.run([step.run, step.finite], self._feed(done))
                if not finite:
                    self._stop_at_no_number()
                progress.step(lambda steps=done + 1 - begun_at: task.measures.note(self._built.loss(steps)))
                if time.time() - self._saved_at > 60 * self._train.checkpoint_minutes:
                    self._keep_time(began)
                    self._save()
        finally:
            progress.close()
            self._keep_time(began)
        self._finish_epoch(epoch, time.time() - began)

    def _keep_time(self, began):
        self._built.load({self.task.step.seconds.op.name: time.time() - began})

    def _feed(self, done):
        feed = self.task.feed(done)
        feed[self.task.step.learning_rate] = schedules.learning_rate(self._train, done // self.task.steps_per_epoch)
        return feed

    def _finish_epoch(self, epoch, seconds):
        self._stop_unless_the_next_step_is_finite()
        measures = self.task.measures
        row = epoch_numbers.measured(self._built, self._train, epoch)
        trained = self._shrinking.trained(self._built)
        report = trained.report()
        row.update(report.as_row())
        row.update(epoch_numbers.time_columns(self.task, seconds))
        if self._steering is not None:
            row.update(self._steering.columns(self._built))
        after, difference = self._after_cut(epoch + 1)
        if self._shrinking.is_on:
            row.update(epoch_numbers.graph_columns(trained), logit_difference=difference)
        if measures.improves(row, self._run.metrics.rows):
            after.savers.save_best(row["step"])
            if self._shrinking.is_on:
                self._shrinking.describe(after, self._run.file(BEST))
        self._events.scalars(epoch_numbers.scalars(row, report, measures), row["step"])
        # The row comes last: an epoch that has one is never finished again.
        self._run.metrics.append(row)
        self._go_on_with(after)
        self._save()
        self._run.say(epoch_numbers.line(row, report, measures, self._train.epochs))

    def _after_cut(self, epochs):
        """What goes on after so many epochs, and what cutting out the dead units has changed in a logit."""
        if not self._shrinking.is_due(epochs):
            return self._built, 0.0
        try:
            return self._shrinking.without_dead_units(self._built, self._run)
        except shrinking.Inexact as error:
            raise UserError(
                "without its dead units ({}) the model differs by {:.3g} in a logit after epoch {}, so nothing was cut "
                "out; go on from '{}' with --restore_path={}, another --save_path and --set "
                "sparsity.compact_every_epochs=0.".format(
                    error.changes, error.largest, epochs, self._save(), self._run.path
                )
            ) from error

    def _go_on_with(self, built):
        if built is self._built:
            return
        self._built, old = built, self._built
        self._shrinking.describe(built, self._run.path)
        old.close()
        del old
        gc.collect()  # a graph is a web of cycles, and holds much

    def _save(self):
        self._stop_unless_the_next_step_is_finite()
        prefix = self._built.savers.save(self._steps_done())
        self._saved_at = time.time()
        return prefix

    def _steps_done(self):
        return self._built.steps_done()

    def _stop_unless_the_next_step_is_finite(self):
        """So every checkpoint is one to go on from."""
        if not self._built.session.run(self.task.step.finite, self._feed(self._steps_done())):
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

"""The command that trains a language model, dense or with intrinsic sparse structures, and goes on where it was."""

from sparse_rnn.compat import tf
from sparse_rnn.training import averages, command_line, loop, optimization, origin, reports, text
from sparse_rnn.training.config import listing, to_dict
from sparse_rnn.training.language import evaluation, likelihood, perplexity, report, restoring
from sparse_rnn.training.run_directory import RunDirectory
from sparse_rnn.training.task import Task

#: Batches of the validation text on which a cut in the middle of training is proven.
COMPARED_BATCHES = 10


def parser(trainer, description):
    """A parser with the flags of the command, whose help ends with every key of the config."""
    made = command_line.parser(description, "keys of the config and their defaults:\n" + listing(trainer.experiment))
    command_line.add_config(made, required=True)
    command_line.add_data(made, trainer.data_help)
    made.add_argument("--save_path", required=True, help="run directory, made where it does not exist")
    command_line.add_restore(made, required=False, purpose="begin from the weights of")
    command_line.add_device(made)
    return made


def run(trainer, flags, experiment):
    """Train in the run directory ``--save_path`` and return the exit code.

    Args:
      trainer: the Trainer.
      flags: those of :func:`parser`.
      experiment: that of ``--config``.
    """
    if flags.restore_path is None:
        restored = None
        experiment = restoring.with_sizes_of(trainer, experiment, None, flags.config)
        corpus = trainer.load_corpus(flags.data_path, experiment.data, None)
    else:
        restored = restoring.restore(trainer, flags.restore_path, experiment)
        experiment = restored.experiment
        corpus = restoring.corpus_for(restored, flags.data_path)
    training = loop.Training(
        lambda sizes: build(trainer, restoring.resized(trainer, experiment, sizes), corpus), experiment, flags.device
    )
    described = to_dict(experiment), origin.describe(origin.of_corpus(corpus), restored_from=restored)
    with RunDirectory(flags.save_path, *described) as made:
        if made.has_report():
            print("this run is finished; its report:\n\n{}".format(reports.of(made)))
            return 0
        _introduce(made, experiment, corpus, training.task)
        arrays = restored.arrays if restored else {}
        if experiment.train.average_decay > 0:
            arrays = averages.begun(arrays, list(arrays))
        trained = training.fit(made, arrays)
        arrays = averages.of(training.arrays())
        training.close()
        report.finish(made, trainer, experiment, corpus, arrays, trained, flags.device)
    return 0


def build(trainer, experiment, corpus):
    """The training graph and what feeds it, as a Task for the loop.

    Args:
      trainer: the Trainer.
      experiment: the config.
      corpus: the text.
    """
    options, train = experiment.model, experiment.train
    batches = text.batch_view(corpus.train, train.batch_size, train.num_steps)
    valid = evaluation.batches_of(corpus.valid, "batched", train, "validation")
    evaluation.batches_of(corpus.test, "batched", train, "test")  # which is needed at the end: refused now or never
    words = tf.placeholder(tf.int32, [train.batch_size, train.num_steps], "words")
    targets = tf.placeholder(tf.int32, [train.batch_size, train.num_steps], "targets")
    weights = trainer.weights(options, len(corpus.vocabulary), train.seed)
    carried = trainer.carried_state(options, train.batch_size, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
    masks = trainer.masks(options, len(corpus.vocabulary), train.seed, optimization.global_step(), words)
    logits, last = trainer.logits(words, evaluation.values_of(carried), weights, options, masks)
    cost = likelihood.negative_log_likelihood(logits, targets) / train.batch_size
    pairs = list(zip(tf.nest.flatten(carried), tf.nest.flatten(last)))
    structure = trainer.structure(options, len(corpus.vocabulary))
    step = optimization.training_step(cost, train, experiment.sparsity, structure, pairs, train.average_decay)
    read = averages.read(weights) if train.average_decay > 0 else weights
    validation = evaluation.build(trainer, experiment, read, "batched", "Valid")
    return Task(
        step=step,
        steps_per_epoch=len(batches),
        feed=lambda done: dict(zip((words, targets), batches[done % len(batches)])),
        items_per_step=train.batch_size * train.num_steps,
        loss_per_cost=1.0 / train.num_steps,
        evaluate=lambda session: perplexity.columns(corpus.unit, "valid", validation.perplexity(session, valid)),
        scores=lambda session: validation.scores(session, valid[:COMPARED_BATCHES]),
        structure=structure,
        measures=perplexity.MEASURES[corpus.unit],
    )


def _introduce(made, experiment, corpus, task):
    corpus.vocabulary.save(made.file(restoring.VOCABULARY))
    if made.resuming:
        return
    made.say(
        "{}: {:,} {}s to train on, {:,} to validate, {:,} to test; vocabulary {:,}".format(
            corpus.name, len(corpus.train), corpus.unit, len(corpus.valid), len(corpus.test), len(corpus.vocabulary)
        )
    )
    for sentence in corpus.unknown_sentences():
        made.say(sentence)
    made.say(
        "{} epochs of {:,} steps; run directory {}".format(experiment.train.epochs, task.steps_per_epoch, made.path)
    )

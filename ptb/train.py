"""Train a stacked LSTM language model, dense or with intrinsic sparse structures.

    python ptb/train.py --config=ptb/configs/small_iss.json --data_path=DIR --save_path=runs/small_iss

The same command on a run that was interrupted goes on with it.
"""

import itertools

from ptb import config, evaluation, model, report, restoring
from sparse_rnn import group_files
from sparse_rnn.compat import tf
from sparse_rnn.training import command, command_line, dropout, loop, optimization, origin, text
from sparse_rnn.training.config import listing, to_dict
from sparse_rnn.training.language import perplexity
from sparse_rnn.training.run_directory import STRUCTURE, RunDirectory
from sparse_rnn.training.task import Task


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    experiment = config.load_experiment(
        flags.config,
        flags.model,
        flags.overrides,
        optimizer=flags.optimizer,
        regularizer=flags.regularizer,
        freeze_mode=flags.freeze_mode,
    )
    if flags.restore_path is None:
        restored = None
        experiment = restoring.with_sizes_of(experiment, None, flags.config)
        corpus = text.load_corpus(flags.data_path, experiment.data.max_vocabulary)
    else:
        restored = restoring.restore(flags.restore_path, experiment)
        experiment = restored.experiment
        corpus = restoring.corpus_for(restored, flags.data_path)
    training = loop.Training(lambda: build(experiment, corpus), experiment.train, flags.device)
    described = to_dict(experiment), origin.describe(corpus, restored_from=restored)
    with RunDirectory(flags.save_path, *described) as run:
        if run.has_report():
            print("this run is finished; its report:\n\n{}".format(report.of(run)))
            return 0
        _introduce(run, experiment, corpus, training.task)
        arrays = training.fit(run, restored.arrays if restored else None)
        training.close()
        report.finish(run, experiment, corpus, arrays, flags.device)
    return 0


def build(experiment, corpus):
    """The training graph and what feeds it, as a Task for the loop.

    Args:
      experiment: the config.
      corpus: the text.
    """
    options, train = experiment.model, experiment.train
    batches = text.batch_view(corpus.train, train.batch_size, train.num_steps)
    valid = evaluation.batches_of(corpus.valid, "batched", train, "validation")
    evaluation.batches_of(corpus.test, "batched", train, "test")  # which is needed at the end: refused now or never
    words = tf.placeholder(tf.int32, [train.batch_size, train.num_steps], "words")
    targets = tf.placeholder(tf.int32, [train.batch_size, train.num_steps], "targets")
    model_weights = model.weights(options, len(corpus.vocabulary), train.seed)
    carried = model.carried_state(options, train.batch_size, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
    values = [model.LSTMState(*(variable.read_value() for variable in state)) for state in carried]
    masks = dropout.by_step(options.keep_prob, train.seed, optimization.global_step())
    logits, last = model.logits(words, values, model_weights, options.forget_bias, masks)
    cost = model.negative_log_likelihood(logits, targets) / train.batch_size
    pairs = zip(itertools.chain(*carried), itertools.chain(*last))
    structure = model.structure(options)
    step = optimization.training_step(cost, train, experiment.sparsity, structure, list(pairs))
    validation = evaluation.build(options, train, model_weights, "batched", "Valid")
    return Task(
        step=step,
        steps_per_epoch=len(batches),
        feed=lambda done: dict(zip((words, targets), batches[done % len(batches)])),
        items_per_step=train.batch_size * train.num_steps,
        loss_per_cost=1.0 / train.num_steps,
        evaluate=lambda session: {"valid_perplexity": validation.perplexity(session, valid)},
        structure=structure,
        measures=perplexity.MEASURES,
    )


def _introduce(run, experiment, corpus, task):
    corpus.vocabulary.save(run.file(restoring.VOCABULARY))
    group_files.save(task.structure, run.file(STRUCTURE))
    if run.resuming:
        return
    run.say(
        "{}: {:,} words to train on, {:,} to validate, {:,} to test; vocabulary {:,}".format(
            corpus.name, len(corpus.train), len(corpus.valid), len(corpus.test), len(corpus.vocabulary)
        )
    )
    for sentence in corpus.unknown_sentences():
        run.say(sentence)
    run.say("{} epochs of {:,} steps; run directory {}".format(experiment.train.epochs, task.steps_per_epoch, run.path))


def _parse(arguments):
    parser = command_line.parser(__doc__, "keys of the config and their defaults:\n" + listing(config.Experiment))
    command_line.add_config(parser, required=True)
    command_line.add_data(parser)
    parser.add_argument("--save_path", required=True, help="run directory, made where it does not exist")
    command_line.add_restore(parser, required=False, purpose="begin from the weights of")
    command_line.add_device(parser)
    original = parser.add_argument_group("only with a JSON file of the original code")
    restoring.add_model(original)
    original.add_argument("--optimizer", help="gd or adam")
    original.add_argument("--regularizer", help="l1_regularizer")
    original.add_argument("--freeze_mode", help="element or group")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

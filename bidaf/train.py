"""Train BiDAF to answer questions about paragraphs, dense or with intrinsic sparse structures.

    python bidaf/train.py --config=bidaf/configs/quickstart.json --data_path=builtin --save_path=runs/answers

--data_path is a folder made by bidaf/prepare.py, or builtin. The same command on a run that was interrupted goes on.
"""

from dataclasses import replace

from bidaf import config, evaluation, measures, model, prepare, reading, report, restoring, structure, variables
from sparse_rnn.training import averages, command, command_line, dropout, loop, optimization, origin, reports
from sparse_rnn.training.config import listing, to_dict
from sparse_rnn.training.config import load as load_config
from sparse_rnn.training.run_directory import RunDirectory
from sparse_rnn.training.task import Task


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    experiment = load_config(config.Experiment, flags.config, flags.overrides)
    if flags.restore_path is None:
        restored = None
        experiment = replace(experiment, model=restoring.with_sizes_of(experiment.model, None, flags.config))
        prepared = prepare.open_data(flags.data_path)
        arrays = restoring.given_vectors(prepared.vocabulary, experiment.model)
    else:
        restored = restoring.restore(flags.restore_path, experiment, weights=flags.weights)
        experiment = restored.experiment
        prepared = restoring.data_for(restored, flags.data_path)
        arrays = restored.arrays
    training = loop.Training(
        lambda sizes: build(resized(experiment, sizes), prepared, flags.device), experiment, flags.device
    )
    described = to_dict(experiment), origin.describe(restoring.described(prepared), restored_from=restored)
    with RunDirectory(flags.save_path, *described) as run:
        if run.has_report():
            print("this run is finished; its report:\n\n{}".format(reports.of(run)))
            return 0
        _introduce(run, experiment, prepared)
        if experiment.train.average_decay > 0:
            arrays = averages.begun(arrays, variables.trained(experiment.model))
        trained = training.fit(run, arrays)
        arrays = training.arrays()
        training.close()
        report.finish(run, resized(experiment, trained.sizes), prepared, arrays, trained, flags.device)
    return 0


def resized(experiment, sizes):
    """The experiment with the model at ``{group: units}``."""
    return replace(experiment, model=restoring.resized(experiment.model, sizes))


def build(experiment, prepared, device=None):
    """The training graph and what feeds it, as a Task for the loop.

    Args:
      experiment: the config, with the model's sizes.
      prepared: the data, in the model's words.
      device: of the only tower where the config names none; None for a GPU if there is one.
    """
    options, train = experiment.model, experiment.train
    counts = reading.counts_of(prepared.vocabulary)
    batches = reading.training_batches(experiment, prepared.train)
    inputs = model.placeholders()
    weights = model.weights(options, counts, train.seed)
    devices = train.towers or (device,)
    masks = [dropouts(options, train.seed, optimization.global_step(), tower) for tower in range(len(devices))]
    cost = model.training_cost(options, weights, inputs, masks, devices)
    units = structure.structure(options, counts.word_size)
    judge = evaluation.Judge(experiment, counts, prepared.dev, device)
    return Task(
        step=optimization.training_step(cost, train, experiment.sparsity, units, average_decay=train.average_decay),
        steps_per_epoch=train.steps_per_epoch,
        feed=lambda done: model.feed(inputs, batches.at(done)),
        items_per_step=len(batches.rows) / len(batches),
        loss_per_cost=1.0,
        evaluate=judge.columns,
        scores=judge.scores,
        close=judge.close,
        structure=units,
        measures=measures.MEASURES,
    )


def dropouts(options, seed, step, tower):
    """A function (tensor, one of :data:`bidaf.model.PLACES`) -> tensor for one tower at one step."""
    made = {share: dropout.by_step(share, seed, step) for share in (options.keep_prob, options.input_keep_prob)}

    def drop(tensor, place):
        mask = made[options.keep_prob if place.endswith("_chars") else options.input_keep_prob]
        return tensor if mask is None else mask(tensor, model.PLACES.index(place) + len(model.PLACES) * tower)

    return drop


def _introduce(run, experiment, prepared):
    prepared.vocabulary.save(run.path)
    if run.resuming:
        return
    run.say(prepare.report(prepared))
    train = experiment.train
    run.say(
        "{} epochs of {:,} steps of {}; run directory {}".format(
            train.epochs, train.steps_per_epoch, train.batch_size, run.path
        )
    )


def _parse(arguments):
    parser = command_line.parser(__doc__, "keys of the config and their defaults:\n" + listing(config.Experiment))
    command_line.add_config(parser, required=True)
    restoring.add_data(parser)
    parser.add_argument("--save_path", required=True, help="run directory, made where it does not exist")
    command_line.add_restore(parser, required=False, purpose="begin from the weights of")
    restoring.add_weights(parser)
    command_line.add_device(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

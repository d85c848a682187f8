"""Cut the dead units out of a trained model, prove that its answers stay the same, and time it.

    python bidaf/compact.py --restore_path=runs/answers --data_path=DIR --save_path=runs/answers_compact

The small model is a run directory like any other: evaluate it, ask it, fine-tune it with --restore_path, compact it
again. Moving averages of the weights shrink along.
"""

from dataclasses import replace

from bidaf import comparison, evaluation, reading, report, restoring, structure, variables
from sparse_rnn import checkpoints, compaction, files, group_files, sparsity
from sparse_rnn.training import command, command_line, origin, run_directory
from sparse_rnn.training.config import to_dict


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    restored = restoring.from_flags(flags, flags.restore_path)
    prepared = restoring.data_for(restored, flags.data_path)
    options = restored.experiment.model
    units = structure.structure(options, restored.counts.word_size)
    small = compaction.compact(restored.everything, units)
    resized = restoring.resized(options, {group.name: group.size for group in small.structure})
    after = replace(restored, experiment=replace(restored.experiment, model=resized), everything=small.weights)
    described = (
        to_dict(after.experiment),
        origin.describe(restoring.described(prepared), compacted_from=restored),
    )
    run_directory.check(flags.save_path, *described)
    batches = reading.evaluation_batches(restored.experiment, prepared.dev)
    readers = [
        evaluation.Reader(each.experiment.model, each.counts, flags.device).load(each.arrays)
        for each in (restored, after)
    ]
    compared = comparison.compare(*readers, prepared.dev, batches)
    with run_directory.RunDirectory(flags.save_path, *described) as run:
        (restored.vocabulary or prepared.vocabulary).save(run.path)
        group_files.save(small.structure, run.file(run_directory.STRUCTURE))
        files.write_json(run.file(run_directory.KEPT), {name: kept.tolist() for name, kept in small.kept.items()})
        checkpoints.write(small.weights, run.path, step=0)
        weights = restoring.without_averages(restored.everything)
        report.of_compaction(run, sparsity.report(weights, units, variables.trained(options)), compared)
        run.say("the small model lies in {}".format(run.path))
    return 0


def _parse(arguments):
    parser = command_line.parser(__doc__)
    command_line.add_restore(parser, required=True)
    restoring.add_flags(parser)
    restoring.add_data(parser)
    parser.add_argument("--save_path", required=True, help="run directory of the small model")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

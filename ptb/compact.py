"""Cut the dead units out of a trained model, prove that nothing changed, and time it.

    python ptb/compact.py --restore_path=runs/small_iss --data_path=DIR --save_path=runs/small_iss_compact

The small model is a run directory like any other: evaluate it, fine-tune it with --restore_path, compact it again.
"""

from dataclasses import replace

from ptb import comparison, evaluation, model, report, restoring, variables
from sparse_rnn import checkpoints, compaction, group_files, sparsity
from sparse_rnn.training import command, command_line, origin, run_directory
from sparse_rnn.training.config import to_dict


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    restored = restoring.from_flags(flags)
    corpus = restoring.corpus_for(restored, flags.data_path)
    structure = model.structure(restored.experiment.model)
    small = compaction.compact(restored.arrays, structure)
    experiment = _resized(restored.experiment, small)
    train = experiment.train
    described = to_dict(experiment), origin.describe(corpus, compacted_from=restored)
    run_directory.check(flags.save_path, *described)
    before = evaluation.LoadedModel(restored.experiment.model, train, restored.arrays, flags.device)
    after = evaluation.LoadedModel(experiment.model, train, small.weights, flags.device)
    compared = comparison.compare(before, after, train, corpus)
    with run_directory.RunDirectory(flags.save_path, *described) as run:
        corpus.vocabulary.save(run.file(restoring.VOCABULARY))
        group_files.save(small.structure, run.file(run_directory.STRUCTURE))
        checkpoints.write(small.weights, run.path, step=0)
        for sentence in corpus.unknown_sentences():
            run.say(sentence)
        report.of_compaction(run, sparsity.report(restored.arrays, structure), compared)
        run.say("the small model lies in {}".format(run.path))
    return 0


def _resized(experiment, small):
    """The experiment with the sizes of the compacted model."""
    sizes = {group.name: group.size for group in small.structure}
    layers = range(len(experiment.model.hidden_sizes))
    options = replace(
        experiment.model,
        hidden_sizes=tuple(sizes[variables.group(layer)] for layer in layers),
        embedding_size=sizes[variables.EMBEDDING_GROUP],
    )
    return replace(experiment, model=options)


def _parse(arguments):
    parser = command_line.parser(__doc__)
    restoring.add_flags(parser)
    parser.add_argument("--save_path", required=True, help="run directory of the small model")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

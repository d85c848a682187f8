"""The command that cuts the dead units out of a trained model, proves that nothing changed, and times it."""

from sparse_rnn import checkpoints, compaction, files, group_files, sparsity
from sparse_rnn.training import origin, run_directory
from sparse_rnn.training.config import to_dict
from sparse_rnn.training.language import comparison, evaluation, report, restoring


def add_flags(trainer, parser):
    """The flags of the command."""
    restoring.add_flags(trainer, parser)
    parser.add_argument("--save_path", required=True, help="run directory of the small model")


def run(trainer, flags, experiment):
    """Make the run directory of the small model and return the exit code.

    Args:
      trainer: the Trainer.
      flags: those of :func:`add_flags`.
      experiment: that of ``--config``; None without one.
    """
    restored = restoring.from_flags(trainer, flags, experiment)
    corpus = restoring.corpus_for(restored, flags.data_path)
    small = compaction.compact(restored.arrays, restored.structure)
    sizes = {group.name: group.size for group in small.structure}
    experiment = restoring.resized(trainer, restored.experiment, sizes)
    described = to_dict(experiment), origin.describe(origin.of_corpus(corpus), compacted_from=restored)
    run_directory.check(flags.save_path, *described)
    before = evaluation.LoadedLanguageModel(trainer, restored.experiment, restored.arrays, flags.device)
    after = evaluation.LoadedLanguageModel(trainer, experiment, small.weights, flags.device)
    compared = comparison.compare(before, after, experiment.train, corpus)
    with run_directory.RunDirectory(flags.save_path, *described) as made:
        corpus.vocabulary.save(made.file(restoring.VOCABULARY))
        group_files.save(small.structure, made.file(run_directory.STRUCTURE))
        files.write_json(made.file(run_directory.KEPT), {name: units.tolist() for name, units in small.kept.items()})
        checkpoints.write(small.weights, made.path, step=0)
        for sentence in corpus.unknown_sentences():
            made.say(sentence)
        report.of_compaction(made, sparsity.report(restored.arrays, restored.structure), compared)
        made.say("the small model lies in {}".format(made.path))
    return 0

"""Turn question files in SQuAD's form into arrays for training: tokens, spans, vocabulary, word vectors.

    python bidaf/prepare.py --train=train-v1.1.json --dev=dev-v1.1.json --glove=glove.6B.100d.txt --target_path=DIR

Without --glove the word vectors are random, a function of the seed and the word. A question whose answer does not stand
where the file says is counted, listed in left_out.txt, and no reason to stop.
"""

import argparse
import contextlib
import os
import platform
import shutil
import tempfile
from dataclasses import asdict

import numpy as np

from bidaf import alignment, data, selection, squad, world
from bidaf.selection import Options
from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line
from sparse_rnn.training.progress import Progress


def prepare(datasets, options, say=None):
    """The :class:`bidaf.data.Prepared` data of question files.

    Args:
      datasets: :class:`bidaf.squad.Dataset` by the name of the split; the vocabulary counts those of ``train``.
      options: the :class:`bidaf.selection.Options`.
      say: where lines of progress go; without it there is none.

    Raises:
      UserError: NLTK is not there, or the GloVe file cannot be used.
    """
    builder, made = alignment.Builder(), {}
    for name, dataset in datasets.items():
        progress = Progress("questions of " + name, len(dataset.paragraphs), 0, say, "paragraph") if say else None
        made[name] = builder.split(dataset, name, progress)
    counts = selection.counts_of(len(builder.tokens), made["train"][0])
    vocabulary = selection.select(builder.tokens, counts, options)
    table = data.TokenTable(builder.tokens, vocabulary)
    splits = {name: data.Split(name, arrays, texts, table) for name, (arrays, texts) in made.items()}
    summary = {
        "counts": {name: _counts(split) for name, split in splits.items()},
        "vocabulary": {
            "trained_words": len(vocabulary.trained),
            "fixed_words": len(vocabulary.fixed),
            "characters": len(vocabulary.characters),
            "vector_size": vocabulary.vector_size,
        },
    }
    return data.Prepared(splits, vocabulary, summary, builder.left_out)


def questions(dataset, name, vocabulary):
    """A :class:`bidaf.data.Split` for a trained model, and a sentence for each of its questions or answers without use.

    Args:
      dataset: the :class:`bidaf.squad.Dataset`; its questions need no answers.
      name: what to call the split.
      vocabulary: the model's; see :meth:`bidaf.vocabulary.Vocabulary.covering` for words that it lacks.
    """
    builder = alignment.Builder()
    arrays, texts = builder.split(dataset, name)
    return data.Split(name, arrays, texts, data.TokenTable(builder.tokens, vocabulary)), builder.left_out


def open_data(path, vocabulary=None):
    """The :class:`bidaf.data.Prepared` data that a person names: a prepared folder, or ``builtin``.

    Args:
      path: the folder; or "builtin" for the invented world of :mod:`bidaf.world`, which needs no download.
      vocabulary: a trained model's, to be used instead of the data's own.

    Raises:
      UserError: there is none, or NLTK is not there.
    """
    if path != world.BUILTIN:
        return data.load(path, vocabulary)
    datasets = {split: squad.parse(world.dataset(split), world.BUILTIN) for split in world.SIZES}
    prepared = prepare(datasets, Options(vector_size=world.VECTOR_SIZE))
    prepared.summary["sources"] = world.BUILTIN
    return prepared.read_with(vocabulary) if vocabulary else prepared


def _counts(split):
    return {
        "questions": len(split),
        "paragraphs": len(split.contexts),
        "tokens": len(split.context_tokens),
        "answers": len(split.spans),
        "left_out": len(split.left_out),
        "without_span": int(np.sum(np.diff(split.span_begins) == 0)),
    }


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    options = Options(**{name: getattr(flags, name) for name in Options.__dataclass_fields__})
    sources = {"train": flags.train, "dev": flags.dev}
    described = {"sources": {name: _source(path) for name, path in sources.items()}, "options": _described(options)}
    if _is_there(flags.target_path, described):
        _say("'{}' is prepared already; train with --data_path={}".format(flags.target_path, flags.target_path))
        return 0
    with whole(flags.target_path) as folder:
        datasets = {name: squad.read(path) for name, path in sources.items()}
        if not options.glove:
            _say("no --glove: the word vectors are random ones, so a model has to learn every word from the questions")
        prepared = prepare(datasets, options, say=_say)
        prepared.summary.update(described, versions=_versions())
        prepared.save(folder)
    _say(report(prepared))
    _say("'{}' is prepared; train with --data_path={}".format(flags.target_path, flags.target_path))
    return 0


@contextlib.contextmanager
def whole(folder):
    """A folder to write into; at the end it becomes ``folder``, but after an error it is gone.

    Raises:
      UserError: the folder has something in it, or cannot be written; said before anything is done in it, as far as
        that can be known.
    """
    above, name = os.path.split(os.path.abspath(folder))
    files.make_folder(above)
    partial = None
    try:
        partial = tempfile.mkdtemp(prefix=name + ".", suffix=files.PARTIAL, dir=above)
        yield partial
        os.chmod(partial, 0o755)
        os.rename(partial, os.path.join(above, name))
    except OSError as error:
        raise UserError("'{}' cannot be written: {}.".format(folder, error.strerror or error)) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def report(prepared):
    """What was prepared, as text for a person."""
    lines = []
    for name, split in prepared.splits.items():
        counts = _counts(split)
        lines.append(
            "{}: {questions:,} questions about {paragraphs:,} paragraphs of {tokens:,} tokens; {answers:,} answers "
            "aligned; {without_span:,} questions without one, {left_out:,} left out".format(name, **counts)
        )
    vocabulary = prepared.vocabulary
    lines.append(
        "{:,} trained words, {:,} fixed ones, {:,} characters; vectors of {} numbers from {}".format(
            len(vocabulary.trained),
            len(vocabulary.fixed),
            len(vocabulary.characters),
            vocabulary.vector_size,
            vocabulary.source.get("file", "seed {}".format(vocabulary.source.get("seed"))),
        )
    )
    if prepared.left_out:
        lines.append(
            "{:,} answers or questions could not be used; {} says which".format(len(prepared.left_out), data.LEFT_OUT)
        )
    return "\n".join(lines)


def _is_there(folder, described):
    """Whether just this is prepared there already; whatever else is there is a UserError."""
    summary = data.summary_in(folder)
    if summary is not None and all(summary.get(key) == value for key, value in described.items()):
        return True
    if os.path.exists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise UserError("'{}' has something else in it; choose another --target_path, or delete it.".format(folder))
    return False


def _source(path):
    return {"file": os.path.basename(path), "sha256": data.checksum(path)}


def _described(options):
    described = asdict(options)
    if options.glove:
        described["glove"] = _source(options.glove)
    return described


def _versions():
    import nltk

    return {"python": platform.python_version(), "numpy": np.__version__, "nltk": nltk.__version__}


def _say(text):
    print(text, flush=True)


def _parse(arguments):
    parser = command_line.parser(__doc__)
    parser.add_argument("--train", required=True, help="questions to train on, SQuAD 1.1's JSON")
    parser.add_argument("--dev", required=True, help="questions to evaluate on")
    parser.add_argument("--target_path", required=True, help="folder for the prepared data; made, or empty")
    parser.add_argument("--glove", help="GloVe text file of any size; without it the vectors are random")
    parser.add_argument(
        "--vector_size", type=_at_least(1), default=100, help="numbers per random vector (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides the random vectors (default: 0)")
    parser.add_argument(
        "--word_count",
        type=_at_least(0),
        default=10,
        help="a word that has no vector is trained if it is read more often than this (default: 10)",
    )
    parser.add_argument(
        "--character_count", type=_at_least(0), default=50, help="likewise for characters (default: 50)"
    )
    parser.add_argument("--train_glove", action="store_true", help="train the words of the GloVe file too")
    parser.add_argument("--keep_case", action="store_true", help="'The' and 'the' are two words")
    return parser.parse_args(arguments)


def _at_least(smallest):
    def number(text):
        value = int(text)
        if value < smallest:
            raise argparse.ArgumentTypeError("{} is less than {}".format(value, smallest))
        return value

    return number


if __name__ == "__main__":
    command.run(main)

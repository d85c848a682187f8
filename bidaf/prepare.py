"""Turn question files in SQuAD's form into arrays for training: tokens, spans, vocabulary, word vectors.

    python bidaf/prepare.py --train=train-v1.1.json --dev=dev-v1.1.json --glove=glove.6B.100d.txt --target_path=DIR

Without --glove the word vectors are random, a function of the seed and the word. A question whose answer does not stand
where the file says is counted, listed in left_out.txt, and no reason to stop.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Optional

import numpy as np
import tqdm

from bidaf import data, squad, vectors, world
from bidaf.tokens import Tokenizer
from bidaf.vocabulary import PADDING, UNKNOWN, Vocabulary
from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line


@dataclass(frozen=True)
class Options:
    """What decides the vocabulary; the defaults are the original's.

    Attributes:
      glove: the GloVe file, or None for random vectors.
      vector_size: numbers per vector where they are random.
      seed: decides the random vectors.
      word_count: a word without a vector is trained if the training questions read it more often than this.
      character_count: likewise for characters.
      train_glove: whether the words of the GloVe file are trained too.
      keep_case: whether ``The`` and ``the`` are two words.
    """

    glove: Optional[str] = None
    vector_size: int = 100
    seed: int = 0
    word_count: int = 10
    character_count: int = 50
    train_glove: bool = False
    keep_case: bool = False


def prepare(datasets, options, progress=None):
    """The :class:`bidaf.data.Prepared` data of question files.

    Args:
      datasets: :class:`bidaf.squad.Dataset` by the name of the split; the vocabulary counts those of ``train``.
      options: the Options.
      progress: ``progress(title, total, unit)`` gives a bar with ``update(number)``, to be used with ``with``.

    Raises:
      UserError: NLTK is not there, or the GloVe file cannot be used.
    """
    progress = progress or _no_bar
    builder, made = Builder(), {}
    for name, dataset in datasets.items():
        with progress("questions of " + name, len(dataset.paragraphs), "paragraph") as bar:
            made[name] = builder.split(dataset, name, bar.update)
    counts = counts_of(len(builder.tokens), made["train"][0])
    vocabulary = build_vocabulary(builder.tokens, counts, options, progress)
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


class Builder:
    """Makes splits out of question files; all share one table of tokens."""

    def __init__(self):
        self._tokenize = Tokenizer()
        self._rows = {}
        self.left_out = []

    @property
    def tokens(self):
        """The distinct tokens so far."""
        return list(self._rows)

    def split(self, dataset, name, step=lambda: None):
        """The arrays and texts of a :class:`bidaf.data.Split`.

        Args:
          dataset: the :class:`bidaf.squad.Dataset`.
          name: what the sentences about questions that are left out begin with.
          step: called after every paragraph.
        """
        split = _Split(name, self._row, self.left_out)
        for paragraph in dataset.paragraphs:
            split.add(paragraph, self._tokenize)
            step()
        return split.arrays(), split.texts

    def _row(self, token):
        return self._rows.setdefault(token, len(self._rows))


class _Split:
    """A split that is being made."""

    def __init__(self, name, row_of, left_out):
        self._name, self._row_of, self._left_out = name, row_of, left_out
        self._lists = {key: [] for key in ("context_tokens", "starts", "stops", "sentences", "question_tokens")}
        self._lists.update(paragraphs=[], spans=[], context_begins=[0], question_begins=[0], span_begins=[0])
        self.texts = {"contexts": [], "questions": [], "left_out": {}}

    def add(self, paragraph, tokenize):
        context, lists = tokenize(paragraph.context), self._lists
        number = len(self.texts["contexts"])
        used = [self._add_question(question, paragraph, context, tokenize, number) for question in paragraph.questions]
        if not any(used):
            return
        lists["context_tokens"].extend(map(self._row_of, context.words))
        lists["starts"].extend(context.starts)
        lists["stops"].extend(context.stops)
        lists["sentences"].extend(context.sentences)
        lists["context_begins"].append(len(lists["context_tokens"]))
        self.texts["contexts"].append(paragraph.context)

    def _add_question(self, question, paragraph, context, tokenize, number):
        gold = [text for text, _ in question.answers]
        words = tokenize(question.text).words
        if not words or not len(context):
            self._say(question, "the {} has no words".format("context" if words else "question"))
            self.texts["left_out"][question.id] = gold
            return False
        lists = self._lists
        for text, start in question.answers:
            span = self._aligned(question, paragraph.context, context, text, start)
            if span is not None:
                lists["spans"].append(span)
        lists["span_begins"].append(len(lists["spans"]))
        lists["question_tokens"].extend(map(self._row_of, words))
        lists["question_begins"].append(len(lists["question_tokens"]))
        lists["paragraphs"].append(number)
        self.texts["questions"].append({"id": question.id, "question": question.text, "answers": gold})
        return True

    def _aligned(self, question, text, context, answer, start):
        """First and last token of an answer, or None, which is said."""
        there = text[start : start + len(answer)] if start >= 0 else ""
        span = context.span(start, start + len(answer)) if there == answer else None
        if there != answer:
            self._say(question, "the context has {!r} at {}, not the answer {!r}".format(there, start, answer))
        elif span is None:
            self._say(question, "the answer {!r} has no words".format(answer))
        return span

    def _say(self, question, what):
        self._left_out.append("{} {}: {}".format(self._name, question.id, what))

    def arrays(self):
        arrays = {key: np.array(values, np.int32) for key, values in self._lists.items()}
        arrays["spans"] = arrays["spans"].reshape(-1, 2)
        return arrays


def counts_of(tokens, arrays):
    """How often each token is read in a split: in contexts once for every question about them, and in questions.

    Args:
      tokens: number of distinct tokens.
      arrays: the arrays of the split.

    Returns:
      int64 ``[tokens]``.
    """
    questions = np.bincount(arrays["paragraphs"], minlength=len(arrays["context_begins"]) - 1)
    weights = np.repeat(questions, np.diff(arrays["context_begins"]))
    in_contexts = np.bincount(arrays["context_tokens"], weights, minlength=tokens)
    return in_contexts.astype(np.int64) + np.bincount(arrays["question_tokens"], minlength=tokens)


def build_vocabulary(tokens, counts, options, progress=None):
    """The :class:`bidaf.vocabulary.Vocabulary` of a data set (the original's rules).

    Args:
      tokens: the distinct tokens of all splits.
      counts: how often each is read in the training split.
      options: the Options.
      progress: as for :func:`prepare`.
    """
    word_counts, character_counts = Counter(), Counter()
    for token, count in zip(tokens, counts.tolist()):
        word_counts[token if options.keep_case else token.lower()] += count
        for character in token:
            character_counts[character] += count
    if options.glove:
        size = os.path.getsize(options.glove) if os.path.isfile(options.glove) else 0
        with (progress or _no_bar)("word vectors", size, "B") as bar:
            found, size = vectors.read_glove(options.glove, word_counts, bar.update)
        source = {"file": os.path.basename(options.glove)}
    else:
        found, size, source = {}, options.vector_size, {"seed": options.seed}
    frequent = _above(word_counts, options.word_count)
    if options.train_glove:
        trained = _by_count([word for word in word_counts if word in frequent or word in found], word_counts)
    else:
        trained = _by_count([word for word in frequent if word not in found], word_counts)
    rows = vectors.random([PADDING, UNKNOWN] + trained, size, options.seed)
    for number, word in enumerate(trained, start=2):
        if word in found:
            rows[number] = found[word]
    taken = set(trained)
    if options.glove:
        fixed = [word for word in found if word not in taken]
        fixed_vectors = np.stack([found[word] for word in fixed]) if fixed else np.zeros((0, size), np.float32)
    else:
        fixed = sorted(word for word in word_counts if word not in taken)
        fixed_vectors = vectors.random(fixed, size, options.seed)
    characters = _by_count(_above(character_counts, options.character_count), character_counts)
    return Vocabulary(trained, fixed, characters, rows, fixed_vectors, source)


def _above(counts, threshold):
    return {key for key, count in counts.items() if count > threshold}


def _by_count(keys, counts):
    return sorted(keys, key=lambda key: (-counts[key], key))


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
        print("'{}' is prepared already; train with --data_path={}".format(flags.target_path, flags.target_path))
        return 0
    datasets = {name: squad.read(path) for name, path in sources.items()}
    if not options.glove:
        print("no --glove: the word vectors are random ones, so a model has to learn every word from the questions")
    prepared = prepare(datasets, options, _bar)
    prepared.summary.update(described, versions=_versions())
    save(prepared, flags.target_path)
    print(report(prepared))
    print("'{}' is prepared; train with --data_path={}".format(flags.target_path, flags.target_path))
    return 0


def save(prepared, folder):
    """Write prepared data to ``folder``, whole or not at all.

    Raises:
      UserError: the folder has something in it, or cannot be written.
    """
    folder = os.path.abspath(folder)
    files.make_folder(os.path.dirname(folder))
    partial = None
    try:
        above, name = os.path.split(folder)
        partial = tempfile.mkdtemp(prefix=name + ".", suffix=files.PARTIAL, dir=above)
        prepared.save(partial)
        os.chmod(partial, 0o755)
        os.rename(partial, folder)
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


def _bar(title, total, unit):
    return tqdm.tqdm(total=total, desc=title, unit=unit, unit_scale=True, disable=not sys.stderr.isatty(), leave=False)


def _no_bar(title, total, unit):
    return tqdm.tqdm(disable=True)


def _parse(arguments):
    parser = command_line.parser(__doc__)
    parser.add_argument("--train", required=True, help="questions to train on, SQuAD 1.1's JSON")
    parser.add_argument("--dev", required=True, help="questions to evaluate on")
    parser.add_argument("--target_path", required=True, help="folder for the prepared data; made, or empty")
    parser.add_argument("--glove", help="GloVe text file of any size; without it the vectors are random")
    parser.add_argument("--vector_size", type=int, default=100, help="numbers per random vector (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="decides the random vectors (default: 0)")
    parser.add_argument(
        "--word_count",
        type=int,
        default=10,
        help="a word that has no vector is trained if it is read more often than this (default: 10)",
    )
    parser.add_argument("--character_count", type=int, default=50, help="likewise for characters (default: 50)")
    parser.add_argument("--train_glove", action="store_true", help="train the words of the GloVe file too")
    parser.add_argument("--keep_case", action="store_true", help="'The' and 'the' are two words")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

"""Answer questions with a trained model, or with several together; evaluation never changes a weight.

    python bidaf/evaluate.py --restore_path=runs/answers --data_path=DIR
    python bidaf/evaluate.py --restore_path=runs/a --restore_path=runs/b --data_path=DIR
    python bidaf/evaluate.py --restore_path=runs/answers --questions=FILE --save_path=FOLDER

Writes answers-<split>.json, as SQuAD's evaluation reads it, and answers-<split>.npz; prints the official exact match
and F1 where the questions come with answers.
"""

import os
from urllib import parse

from bidaf import answer_files, asking, evaluation, pages, reading, restoring, squad, structure
from sparse_rnn import files, sparsity
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line, progress


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    if bool(flags.data_path) == bool(flags.questions):
        raise UserError("command line: give --data_path or --questions, one of the two.")
    if flags.first < 0:
        raise UserError("command line: --first is {}; give a number of questions, 0 for all.".format(flags.first))
    models = [restoring.from_flags(flags, path) for path in flags.restore_path]
    folder = flags.save_path or models[0].folder
    files.make_folder(folder)
    splits, readers = zip(*(_opened(restored, flags) for restored in models))
    split = splits[0]
    found = _answered(models, readers, splits, flags.first)
    written = answer_files.write(folder, split, found)
    _print_scores(models, split, found)
    print("answers in {}".format(written))
    if flags.page:
        pages.answers(flags.page, split, found, "Answers of {}".format(", ".join(flags.restore_path)))
        print("page in {}".format(flags.page))
    if flags.picture:
        _draw(flags, models[0], readers[0], split)
    return 0


def _opened(restored, flags):
    """The questions in the words of one model, and its Reader."""
    options = restored.experiment.model
    if flags.questions:
        split, arrays, left_out = asking.questions(restored, squad.read(flags.questions), "questions", flags.glove)
        for sentence in left_out:
            print(sentence)
    else:
        prepared, arrays = restoring.data_for(restored, flags.data_path), restored.arrays
        if flags.split not in prepared.splits:
            raise UserError("--split: there is no '{}'; there are {}.".format(flags.split, ", ".join(prepared.splits)))
        split = prepared.splits[flags.split]
    return split, evaluation.Reader(options, restoring.counts_of(options, arrays), flags.device).load(arrays)


def _answered(models, readers, splits, first):
    """The Answers, by row; all models read as far as the first one's config says."""
    if len({restored.experiment.model.no_answer for restored in models}) > 1:
        raise UserError("--restore_path: only some of these models know that there may be no answer; leave them out.")
    batches = [reading.evaluation_batches(models[0].experiment, split, first) for split in splits]
    bar = progress.Progress("answering", len(batches[0]), 0, print)
    found = []
    for answers in evaluation.answers(readers, splits[0], batches):
        found += answers
        bar.step()
    bar.close()
    return sorted(found, key=lambda answer: answer.row)


def _print_scores(models, split, found):
    for restored in models:
        print("checkpoint {}, weights {}".format(restored.checkpoint, restored.weights))
    if any(split.answers):
        score = evaluation.score_of(split, found)
        print(
            "{} exact match {:.4f}  F1 {:.4f}  questions {:,}  unanswered {:,}".format(
                split.name, score.exact_match, score.f1, score.questions, len(score.unanswered)
            )
        )
    if len(models) == 1:
        units = structure.structure(models[0].experiment.model, models[0].counts.word_size)
        print("\n{}\n".format(sparsity.report(restoring.without_averages(models[0].everything), units)))


def _draw(flags, restored, reader, split):
    """A picture of how one question's words are attended to."""
    if flags.picture not in split.ids:
        raise UserError("--picture: there is no question '{}' among these.".format(flags.picture))
    row = split.ids.index(flags.picture)
    for batch in reading.evaluation_batches(restored.experiment, split):
        if row in batch.indices:
            place = batch.indices.tolist().index(row)
            attention = reader.attention(batch)
            if attention is None:
                raise UserError("--picture: this model does not attend (model.c2q is false); there is nothing to draw.")
            lengths = batch.context_length[place], batch.question_length[place]
            name = "attention-{}.png".format(parse.quote(flags.picture, safe=" "))  # an id may have any character
            path = os.path.join(flags.save_path or restored.folder, name)
            tokens = split.table.tokens
            context = [tokens[each] for each in split.context_tokens[split.context_slice(row)]]
            question = [tokens[each] for each in split.question_tokens[split.question_begins[row] :]]
            pages.attention(
                path,
                context[: lengths[0]],
                question[: lengths[1]],
                attention[place, : lengths[0], : lengths[1]],
                split.questions[row],
            )
            print("picture in {}".format(path))


def _parse(arguments):
    parser = command_line.parser(__doc__)
    parser.add_argument(
        "--restore_path",
        action="append",
        required=True,
        help="a run directory, or a checkpoint prefix together with --config; given several times, the models answer "
        "together",
    )
    restoring.add_flags(parser)
    parser.add_argument("--data_path", help="folder made by bidaf/prepare.py, or builtin")
    parser.add_argument("--split", default="dev", help="which questions of --data_path (default: dev)")
    parser.add_argument("--first", type=int, default=0, help="only so many questions, the first ones; 0 takes all")
    parser.add_argument("--questions", help="in place of --data_path: a question file, with or without answers")
    parser.add_argument("--glove", help="with --questions: the GloVe file the data was prepared with, for new words")
    parser.add_argument("--save_path", help="folder for the answers (default: the run directory)")
    parser.add_argument("--page", metavar="FILE", help="write a page with the answers for people (HTML)")
    parser.add_argument("--picture", metavar="ID", help="draw the attention of one question (PNG)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

"""Answer one question about a text.

    python bidaf/answer.py --restore_path=runs/answers --context=FILE --question="Who found the lamp?"

Prints the answer and, below it, its probability and the text around it.
"""

from bidaf import asking, evaluation, reading, restoring, squad
from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line

#: Characters of the context that are shown on each side of an answer.
_AROUND = 60


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    context = files.read_text(flags.context)
    for what, text in (("--context", context), ("--question", flags.question)):
        if not text.strip():
            raise UserError("{}: there is no text in it.".format(what))
    dataset = squad.single(context, flags.question)
    restored = restoring.from_flags(flags, flags.restore_path)
    split, arrays, left_out = asking.questions(restored, dataset, "question", flags.glove)
    if not len(split):
        raise UserError("{}.".format(left_out[0]))
    options = restored.experiment.model
    reader = evaluation.Reader(options, restoring.counts_of(options, arrays), flags.device).load(arrays)
    batches = reading.evaluation_batches(restored.experiment, split)
    ((answer,),) = evaluation.answers([reader], split, [batches])
    print(answer.text or "(no answer)")
    print("\nprobability {:.3f}".format(answer.score))
    place = split.context_slice(0)
    first, last = split.starts[place][answer.span[0]], split.stops[place][answer.span[1]]
    around = context[max(first - _AROUND, 0) : first] + "[" + context[first:last] + "]" + context[last : last + _AROUND]
    print("..." + " ".join(around.split()) + "...")
    read = len(answer.start)
    if read < split.context_lengths[0]:
        print("(only the first {:,} of {:,} words were read)".format(read, split.context_lengths[0]))
    return 0


def _parse(arguments):
    parser = command_line.parser(__doc__)
    command_line.add_restore(parser, required=True, short=("--run",))
    parser.add_argument("--context", required=True, help="text file that holds the answer")
    parser.add_argument("--question", required=True, help="the question")
    parser.add_argument("--glove", help="the GloVe file the data was prepared with, for words that are new")
    restoring.add_flags(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)

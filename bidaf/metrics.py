"""The official exact match and F1 of SQuAD 1.1 (Rajpurkar et al. 2016, section 6.1), for any file of predictions.

    python bidaf/metrics.py dev-v1.1.json answers-dev.json

prints one JSON object with both, in percent of all questions. Predictions are ``{id: answer}``; the keys ``scores`` and
``na`` that trainers add are passed over. A question without a prediction counts 0.
"""

import json
import re
import string
import sys
from collections import Counter, namedtuple

from bidaf import squad
from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line

#: Percent of all questions; how many there are; the ids of those without a prediction.
Score = namedtuple("Score", "exact_match f1 questions unanswered")

#: What answer files hold beside the answers.
EXTRA_KEYS = ("scores", "na")

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
#: Ids that a message names at most.
_NAMED = 5


def normalised(text):
    """An answer as it is compared: lower case, no ASCII punctuation, no articles, single spaces."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(prediction, answer):
    """1.0 where prediction and gold answer are equal once normalised, else 0.0."""
    return float(normalised(prediction) == normalised(answer))


def f1(prediction, answer):
    """The harmonic mean of precision and recall over the words that prediction and gold answer share, 0.0 to 1.0.

    A word counts as often as it occurs in both; without a common word it is 0, also where both have none.
    """
    predicted, gold = normalised(prediction).split(), normalised(answer).split()
    common = sum((Counter(predicted) & Counter(gold)).values())
    return 2.0 * common / (len(predicted) + len(gold)) if common else 0.0


def best(prediction, answers):
    """Exact match and F1 of a prediction with whichever gold answer gives most, each by itself.

    A question that the text does not answer has no gold answer; an empty prediction is right, any other wrong.
    """
    if not answers:
        right = float(not normalised(prediction))
        return right, right
    return (
        max(exact_match(prediction, answer) for answer in answers),
        max(f1(prediction, answer) for answer in answers),
    )


def check(gold, where="the data"):
    """Refuse ``{id: [gold answer, ...]}`` without a gold answer; ``where`` says in the error whose they are."""
    if not any(gold.values()):
        raise UserError(
            "{}: none of the {:,} questions has a gold answer; there is nothing to score.".format(where, len(gold))
        )


def score(gold, predictions):
    """The :class:`Score` of predictions.

    Args:
      gold: ``{id: [gold answer, ...]}`` of every question.
      predictions: ``{id: answer}``; ids that are no questions are passed over.

    Raises:
      UserError: there is no question, or no gold answer at all.
    """
    check(gold)
    unanswered = [identity for identity in gold if identity not in predictions]
    pairs = [best(predictions[identity], answers) for identity, answers in gold.items() if identity in predictions]
    return Score(
        exact_match=100.0 * sum(exact for exact, _ in pairs) / len(gold),
        f1=100.0 * sum(overlap for _, overlap in pairs) / len(gold),
        questions=len(gold),
        unanswered=unanswered,
    )


def read_predictions(path):
    """The answers in a JSON file, ``{id: answer}``.

    Raises:
      UserError: the file cannot be read, is not JSON, or holds something else.
    """
    value = files.read_json(path)
    if not isinstance(value, dict):
        raise UserError("{}: an object of answers by question id is needed, such as {{id: answer}}.".format(path))
    answers = {key: answer for key, answer in value.items() if key not in EXTRA_KEYS}
    for key, answer in answers.items():
        if not isinstance(answer, str):
            raise UserError("{}: the answer to '{}' is no text but {}.".format(path, key, json.dumps(answer)[:60]))
    return answers


def main(arguments):
    """Run the command; returns the exit code."""
    parser = command_line.parser(__doc__)
    parser.add_argument("dataset", help="the questions with their gold answers, SQuAD 1.1's JSON")
    parser.add_argument("predictions", help="JSON file of answers by question id")
    flags = parser.parse_args(arguments)
    dataset = squad.read(flags.dataset)
    if dataset.version != squad.VERSION:
        _say("{} is of version '{}'; these are the metrics of {}".format(flags.dataset, dataset.version, squad.VERSION))
    gold, predictions = dataset.gold(), read_predictions(flags.predictions)
    found = score(gold, predictions)
    if found.unanswered:
        _say(
            "{:,} of {:,} questions have no answer and count 0: {}".format(
                len(found.unanswered), found.questions, _some(found.unanswered)
            )
        )
    strangers = [identity for identity in predictions if identity not in gold]
    if strangers:
        _say("{:,} answers are to no question of {}: {}".format(len(strangers), flags.dataset, _some(strangers)))
    print(json.dumps({"exact_match": found.exact_match, "f1": found.f1}))
    return 0


def _some(ids):
    return ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")


def _say(text):
    print(text, file=sys.stderr)


if __name__ == "__main__":
    command.run(main)

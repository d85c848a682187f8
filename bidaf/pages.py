"""A model's answers for people: one HTML file with everything in it, and a picture of one question's attention."""

import json
import os

import numpy as np
from matplotlib import ticker

from bidaf import metrics
from sparse_rnn import files, plots

_TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.html")
#: Words of the context side by side in one strip of the attention's picture.
_STRIP = 40


def answers(path, split, written, title):
    """Write a page that shows answers: question, context with the heat of both ends, gold answers, right or wrong.

    Args:
      path: the HTML file; it needs no other file and no network.
      split: the :class:`bidaf.data.Split`.
      written: objects with ``row``, ``text``, ``score``, ``span``, ``start`` and ``stop``, as
        :func:`bidaf.answer_files.read` gives them.
      title: what stands at the top.

    Raises:
      UserError: the file cannot be written.
    """
    contexts = {}
    questions = [_question(split, answer, contexts) for answer in written]
    if not any(split.answers):  # of a file without gold answers, which is not one of questions that have none
        for question in questions:
            question["verdict"] = "open"
    value = {"title": title, "summary": _summary(questions), "questions": questions}
    value["contexts"] = list(contexts.values())
    files.write_text(path, files.read_text(_TEMPLATE).replace("__DATA__", _embedded(value)))


def attention(path, context, question, weights, title):
    """Draw how the words of a context attend to those of a question (Seo et al. 2017, context-to-query attention).

    Args:
      path: the PNG file.
      context, question: their words, T and J.
      weights: ``[T, J]``, each row adding up to 1.
      title: what stands at the top.

    Raises:
      UserError: the file cannot be written.
    """
    strips = [slice(start, start + _STRIP) for start in range(0, len(context), _STRIP)]
    figure = plots.new_figure(12.0, 0.8 + len(strips) * (1.1 + 0.2 * len(question)))
    panels = figure.subplots(len(strips), 1, squeeze=False)[:, 0]
    for panel, strip in zip(panels, strips):
        shown = np.zeros((len(question), _STRIP))
        shown[:, : len(context[strip])] = weights[strip].T
        drawn = panel.imshow(shown, cmap="Blues", vmin=0.0, vmax=max(float(np.max(weights)), 1e-6), aspect="auto")
        _name_ticks(panel.xaxis, context[strip], rotation=90)
        _name_ticks(panel.yaxis, question)
    figure.suptitle(_plain(title))
    figure.colorbar(drawn, ax=list(panels), label="attention", shrink=1.0 / len(strips) ** 0.5, aspect=15)
    plots.save(figure, path)


def _name_ticks(axis, words, **style):
    axis.set_major_locator(ticker.FixedLocator(range(len(words))))
    axis.set_major_formatter(ticker.FixedFormatter([_plain(word) for word in words]))
    for label in axis.get_ticklabels():
        label.set(fontsize=8, **style)


def _plain(text):
    """The text without what matplotlib takes for mathematics."""
    return text.replace("$", r"\$")


def _summary(questions):
    if all(question["verdict"] == "open" for question in questions):
        return "{:,} answers; there are no gold answers to hold them against".format(len(questions))
    right = sum(question["verdict"] == "right" for question in questions)
    return "{:,} of {:,} answers are exactly right ({:.1f} %), mean F1 {:.1f}".format(
        right, len(questions), 100.0 * right / len(questions), np.mean([question["f1"] for question in questions])
    )


def _question(split, answer, contexts):
    """What the page says of one question; its context is added to ``contexts`` once per paragraph."""
    row, paragraph = answer.row, int(split.paragraphs[answer.row])
    place = split.context_slice(row)
    if paragraph not in contexts:
        tokens = np.stack([split.starts[place], split.stops[place]], axis=1).tolist()
        contexts[paragraph] = {"text": split.contexts[paragraph], "tokens": tokens, "number": len(contexts)}
    exact, overlap = metrics.best(answer.text, split.answers[row])
    heat = np.rint(100.0 * np.stack([answer.start, answer.stop], axis=1)).astype(int)
    hot = np.flatnonzero(heat.any(axis=1))
    return {
        "id": split.ids[row],
        "question": split.questions[row],
        "context": contexts[paragraph]["number"],
        "gold": list(dict.fromkeys(split.answers[row])),
        "goldSpans": split.spans_of(row).tolist(),
        "answer": answer.text,
        "span": list(answer.span) if answer.text else None,
        "score": round(float(answer.score), 4),
        "f1": round(100.0 * overlap, 1),
        "verdict": "right" if exact else "partly" if overlap else "wrong",
        "heat": [[int(token)] + heat[token].tolist() for token in hot],
    }


def _embedded(value):
    """JSON that can stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")

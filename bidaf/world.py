"""Questions about a small invented world, so that a first run needs no download: who did what to what, where and when.

A paragraph tells a handful of events, each of somebody else doing something to another thing; deeds, places and days
may come again. So every question has rivals of the same kind for its answer, a reader has to find the sentence that
tells of its person or thing, and that sentence may say it in other words. Training and development questions share
the words, not the paragraphs.
"""

import re
from collections import namedtuple

import numpy as np

#: What ``--data_path`` is for this world.
BUILTIN = "builtin"
#: Paragraphs of each split.
SIZES = {"train": 3000, "dev": 200}
#: Numbers per word vector; all words of this world are trained.
VECTOR_SIZE = 64
#: Events of a paragraph, and questions about it.
EVENTS, QUESTIONS = 3, 3

_Event = namedtuple("_Event", "who deed what where when")
_Deed = namedtuple("_Deed", "base past participle")

_PEOPLE = (
    "Anna Boris Carla David Elena Felix Greta Henry Irene Jonas Karin Louis Maria Nils Olga Paula Robert Sofia Tom Vera"
).split()
_DEEDS = [
    _Deed(*forms.split())
    for forms in (
        "buy bought bought",
        "sell sold sold",
        "find found found",
        "lose lost lost",
        "paint painted painted",
        "repair repaired repaired",
        "borrow borrowed borrowed",
        "hide hid hidden",
        "draw drew drawn",
        "steal stole stolen",
        "break broke broken",
        "clean cleaned cleaned",
    )
]
# All begin with a consonant, for "a".
_OBJECTS = [
    look + " " + thing
    for look in "blue brown green grey heavy large red round silver small white yellow".split()
    for thing in "basket bell bicycle camera carpet chair clock drum guitar kettle kite ladder lamp radio vase".split()
]
_PLACES = [("in", city) for city in "Berlin Dublin Geneva Krakow Lisbon Madrid Oslo Prague Riga Vienna".split()] + [
    ("at", place)
    for place in ("the harbour", "the market hall", "the north gate", "the old mill", "the station", "the town square")
]
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

#: {at} is the place with its preposition.
_STATEMENTS = (
    "{who} {past} a {what} {at} on {when}.",
    "On {when}, {who} {past} a {what} {at}.",
    "{At}, {who} {past} a {what} on {when}.",
    "A {what} was {participle} by {who} {at} on {when}.",
    "On {when}, a {what} was {participle} {at} by {who}.",
)
#: By the field that is asked for; place and day are added to some of them.
_QUESTIONS = {
    "who": ("Who {past} the {what}", "By whom was the {what} {participle}"),
    "what": ("What did {who} {base}", "What was {participle} by {who}"),
    "where": ("Where did {who} {base} the {what}", "Where was the {what} {participle}"),
    "when": ("When did {who} {base} the {what}", "On which day was the {what} {participle}"),
}
_ADDED = {"where": " {at}", "when": " on {when}"}
_PART = re.compile(r"{(\w+)}")


def dataset(split, seed=0):
    """The questions of a split in SQuAD's form, ready for JSON; the same for equal arguments.

    Args:
      split: "train" or "dev".
      seed: other seeds tell other events.
    """
    random = np.random.RandomState([seed, sorted(SIZES).index(split)])
    paragraphs = [_paragraph(random, "{}-{}".format(split, number)) for number in range(SIZES[split])]
    return {"version": "1.1", "data": [{"title": "an invented world", "paragraphs": paragraphs}]}


def _paragraph(random, name):
    events = _events(random)
    context, starts = "", []
    for event in events:
        text, places = _told(_choice(random, _STATEMENTS), event)
        context += " " if context else ""
        starts.append({field: len(context) + place for field, place in places.items()})
        context += text
    asked = [(number, field) for number in range(len(events)) for field in _QUESTIONS]
    questions = []
    for number, field in (asked[place] for place in random.permutation(len(asked))[:QUESTIONS]):
        answer = {"text": _words(events[number])[field], "answer_start": starts[number][field]}
        identity = "{}-{}".format(name, len(questions))
        questions.append({"id": identity, "question": _question(random, events[number], field), "answers": [answer]})
    return {"context": context, "qas": questions}


def _events(random):
    """The events of a paragraph: people and things are each in one of them, the rest may be in several."""
    people, things = (_distinct(random, items) for items in (_PEOPLE, _OBJECTS))
    return [
        _Event(who, _choice(random, _DEEDS), what, _choice(random, _PLACES), _choice(random, _DAYS))
        for who, what in zip(people, things)
    ]


def _distinct(random, items):
    return [items[place] for place in random.permutation(len(items))[:EVENTS]]


def _question(random, event, field):
    """A question for a field of an event; it names the event's person or thing, which no other event has."""
    pattern = _choice(random, _QUESTIONS[field])
    added = [text for extra, text in _ADDED.items() if extra != field]
    for text in (added[place] for place in random.permutation(len(added))):
        if random.rand() < 0.3:
            pattern += text
    return _told(pattern + "?", event)[0]


def _words(event):
    """What an event puts into the blanks of a sentence."""
    at = " ".join(event.where)
    words = {"who": event.who, "what": event.what, "when": event.when, "where": event.where[1]}
    return dict(words, at=at, At=at[0].upper() + at[1:], **event.deed._asdict())


def _told(pattern, event):
    """The pattern's text for an event, and the first character in it of each field that can be asked for."""
    words, text, places = _words(event), "", {}
    for number, part in enumerate(_PART.split(pattern)):
        blank = number % 2 == 1
        if blank and part in _QUESTIONS:
            places[part] = len(text)
        elif blank and part in ("at", "At"):
            places["where"] = len(text) + len(event.where[0]) + 1
        text += words[part] if blank else part
    return text, places


def _choice(random, items):
    return items[random.randint(len(items))]

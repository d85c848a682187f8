"""Questions about a small invented world, so that a first run needs no download: who did what to what, where and when.

A paragraph tells a handful of events. Some of their people, deeds, things, places and days stand in two sentences,
so that one word of a question seldom tells which sentence it is about, and questions are put in other words than
the sentences. Training and development questions share the words, not the paragraphs.
"""

import re
from collections import namedtuple

import numpy as np

#: What ``--data_path`` is for this world.
BUILTIN = "builtin"
#: Paragraphs of each split.
SIZES = {"train": 2000, "dev": 150}
#: Numbers per word vector; all words of this world are trained.
VECTOR_SIZE = 32
#: Events of a paragraph, and questions about it.
EVENTS, QUESTIONS = 4, 4

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
#: By the field that is asked for; place and day are added to them where they are needed to mean one event.
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
    for number, field in (asked[place] for place in random.permutation(len(asked))):
        if len(questions) == QUESTIONS:
            break
        text = _question(random, events, number, field)
        if text is not None:
            answer = {"text": _words(events[number])[field], "answer_start": starts[number][field]}
            identity = "{}-{}".format(name, len(questions))
            questions.append({"id": identity, "question": text, "answers": [answer]})
    return {"context": context, "qas": questions}


def _events(random):
    """The events of a paragraph; of each kind of thing in them two share one."""
    drawn = [_shared(random, items) for items in (_PEOPLE, _DEEDS, _OBJECTS, _PLACES, _DAYS)]
    return list(dict.fromkeys(_Event(*parts) for parts in zip(*drawn)))


def _shared(random, items):
    """An item for each event, one of them twice."""
    chosen = [items[place] for place in random.permutation(len(items))[: EVENTS - 1]]
    chosen.append(_choice(random, chosen))
    return [chosen[place] for place in random.permutation(EVENTS)]


def _question(random, events, number, field):
    """A question for a field of an event that means no other event; None where the chosen words always do."""
    pattern = _choice(random, _QUESTIONS[field])
    added = [extra for extra in _ADDED if extra != field]
    said = {"deed"} | {part for part in _PART.findall(pattern) if part in _Event._fields}
    for extra in (added[place] for place in random.permutation(len(added))):
        if random.rand() < 0.3 or _meant(events, number, said) > 1:
            pattern += _ADDED[extra]
            said.add(extra)
    return _told(pattern + "?", events[number])[0] if _meant(events, number, said) == 1 else None


def _meant(events, number, said):
    """How many events agree with one in all that is said."""
    return sum(all(getattr(event, part) == getattr(events[number], part) for part in said) for event in events)


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

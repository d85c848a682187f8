"""The built-in corpus: real English that every CPython carries, so a first run needs no download.

It is the text of ``help()``'s topics (module ``pydoc_data.topics``). The topics differ a little from one Python
version to the next, so perplexities on this corpus are comparable only within one version.
"""

import re
import sys
from typing import Dict, Iterable, List

from sparse_rnn.errors import UserError

# About 300 words: short, so that the small validation and test parts still sample every corner of the text.
_STRETCH = 1500
_RULE = re.compile(r"\s*([^\w\s])\1*\s*")


def name() -> str:
    """What the corpus is called in reports, with the Python version that decides its words."""
    return "built-in corpus of Python {}.{}".format(*sys.version_info[:2])


def split_texts() -> Dict[str, str]:
    """The text of each split, as paragraphs with a blank line between them.

    The topics come in alphabetical order, so cutting them 90/5/5 in one go would test on two topics that were
    never trained on. Instead the text is cut at paragraph ends into stretches of about 300 words; of every
    20 stretches the 10th is for validation and the 20th for the test.

    Returns:
      The texts by the names ``train``, ``valid`` and ``test``; the same at every call.

    Raises:
      UserError: this Python comes without ``pydoc_data``.
    """
    paragraphs: Dict[str, List[str]] = {"train": [], "valid": [], "test": []}
    position = 0
    for paragraph in distinct_paragraphs(_topics()):
        stretch = position // _STRETCH % 20
        paragraphs[{9: "valid", 19: "test"}.get(stretch, "train")].append(paragraph)
        position += len(paragraph)
    return {split: "\n\n".join(chosen) for split, chosen in paragraphs.items()}


def distinct_paragraphs(texts: Iterable[str]) -> List[str]:
    """The paragraphs of the texts in order, each once, without drawn tables and without underlining of headings.

    A fifth of the paragraphs stands in more than one topic. Kept, they would be trained on and tested on.

    >>> distinct_paragraphs(["Heading\\n=======\\n\\nOne.", "One.\\n\\n+---+\\n| a |\\n+---+\\n\\nTwo."])
    ['Heading', 'One.', 'Two.']
    """
    distinct: Dict[str, str] = {}
    for text in texts:
        lines = [line for line in text.splitlines() if not line.strip() or not _RULE.fullmatch(line)]
        for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
            if paragraph.strip() and not paragraph.lstrip().startswith("+-"):
                distinct.setdefault(" ".join(paragraph.split()), paragraph.strip("\n"))
    return list(distinct.values())


def _topics() -> List[str]:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise UserError(
            "the built-in corpus is the module pydoc_data.topics, which this Python ({}) comes without; use another "
            "Python, or give --data_path a folder or a text file of your own".format(sys.executable)
        ) from None
    return [topics[topic] for topic in sorted(topics)]

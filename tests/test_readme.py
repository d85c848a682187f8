"""What the README says of the software is true."""

import re
from pathlib import Path

from ptb import config
from sparse_rnn.training.config import reference

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_key_of_a_config_is_in_the_table():
    assert reference(config.Experiment).strip() in README


def test_every_shipped_config_is_named():
    for path in (ROOT / "ptb" / "configs").glob("*.json"):
        assert "`{}`".format(path.stem) in README
    highway = (ROOT / "rhns" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "rhns" / "configs").glob("*.json"):
        assert "`{}`".format(path.stem) in highway


def test_every_file_that_is_linked_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link

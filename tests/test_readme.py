"""What the README says of the software is true."""

import re
from pathlib import Path

import pytest

from bidaf import config as bidaf_config
from ptb import config
from sparse_rnn.training.config import load, reference

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


BIDAF = (ROOT / "bidaf" / "README.md").read_text(encoding="utf-8")
RHNS = (ROOT / "rhns" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text, experiment", [(README, config.Experiment), (BIDAF, bidaf_config.Experiment)])
def test_every_key_of_a_config_is_in_the_table(text, experiment):
    assert reference(experiment).strip() in text


@pytest.mark.parametrize("text, trainer", [(README, "ptb"), (RHNS, "rhns"), (BIDAF, "bidaf")])
def test_every_shipped_config_is_named(text, trainer):
    for path in (ROOT / trainer / "configs").glob("*.json"):
        assert "`{}`".format(path.stem) in text


def test_every_shipped_config_of_bidaf_says_what_the_trainer_understands():
    for path in (ROOT / "bidaf" / "configs").glob("*.json"):
        load(bidaf_config.Experiment, str(path))


def test_every_file_that_is_linked_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link

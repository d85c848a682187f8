"""The tables' data: every row can be run as it stands, and what the paper reports fits together."""

import pytest

from paper import rows
from paper.board import Board
from sparse_rnn.errors import UserError
from sparse_rnn.training import config

ROW = {"name": "dense", "title": "dense", "series": "dense", "config": "ptb/configs/small.json"}
TABLE = {
    "title": "a table",
    "trainer": "ptb",
    "data_path": "data/ptb",
    "data_help": "get it",
    "vocabulary": {"words": 31},
    "batch": [3, 4],
    "groups": ["lstm_0", "lstm_1"],
}


def board(number, scale, folder):
    table = rows.load(number, scale)
    return Board("table{}_{}".format(number, scale), table, table.data_path, str(folder), str(folder))


def table(*given):
    return config.from_dict(rows.Table, dict(TABLE, rows=list(given)), "table.json")


@pytest.mark.parametrize("scale", rows.SCALES)
@pytest.mark.parametrize("number", rows.TABLES)
def test_every_row_is_an_experiment_or_follows_from_rows_that_are(number, scale, tmp_path):
    found = board(number, scale, tmp_path)
    for row in found.table.rows:
        run = found.run(row.name)
        assert (run.experiment is None) == bool(row.sources)
        if run.experiment is not None:
            assert set(found.table.groups) <= set(found.kind.sizes(run.experiment, found.table.vocabulary))


def test_the_papers_stacked_lstms_have_its_weights_multiply_adds_and_speed_ups(tmp_path):
    found = board(1, "paper", tmp_path)
    costs = {}
    for row in found.table.rows:
        small = found.kind.at(found.run(row.name).experiment, found.table.vocabulary, row.paper.units)
        costs[row.name] = weights, multiply_adds = found.kind.cost(small, found.table.vocabulary)
        assert weights == pytest.approx(row.paper.values["weights"], abs=5e4)
        fewer = costs["dense"][1] / multiply_adds
        assert int(100 * fewer) / 100 == pytest.approx(row.paper.values["fewer_multiply_adds"])
        faster = found.table.rows[0].paper.values["milliseconds"] / row.paper.values["milliseconds"]
        assert faster == pytest.approx(row.paper.values["speed_up"], abs=5e-3)
    assert costs["iss_373_315"] == (21824148, 6811396)


def test_the_papers_highway_networks_have_its_weights(tmp_path):
    found = board(2, "paper", tmp_path)
    for row in found.table.rows:
        small = found.kind.at(found.run(row.name).experiment, found.table.vocabulary, row.paper.units)
        weights, _ = found.kind.cost(small, found.table.vocabulary)
        assert weights == pytest.approx(row.paper.values["weights"], abs=5e4)


def test_the_papers_question_answering_has_its_weights_but_for_what_it_does_not_count(tmp_path):
    found = board(3, "paper", tmp_path)
    for row in found.table.rows:
        small = found.kind.at(found.run(row.name).experiment, found.table.vocabulary, row.paper.units)
        weights, _ = found.kind.cost(small, found.table.vocabulary)
        assert 0 < row.paper.values["weights"] - weights < 0.05 * row.paper.values["weights"]


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"config": None}, "table.json: rows.1.config: a row needs a config or best_of, one of the two."),
        ({"best_of": ["dense"]}, "rows.1.config: a row needs a config or best_of"),
        ({"name": "dense"}, "rows.1: there are two rows 'dense'; rename one."),
        ({"restores": "dence"}, "did you mean 'dense'"),
        ({"sizes_of": "other"}, "row above it 'other'"),
        ({"paper": {"values": {"test": 1.0}, "sources": {"tset": "a book"}}}, "did you mean 'test'"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(changed, said):
    with pytest.raises(UserError) as refused:
        table(ROW, dict(ROW, **dict({"name": "other"}, **changed)))
    assert said in str(refused.value)

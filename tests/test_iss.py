import numpy as np

from sparse_rnn import groups, iss


def places(group, role):
    return [(part.variable, part.axis, part.start) for part in group.select([role])]


def owned(group, shapes, unit):
    """For each variable the mask of elements that one unit owns."""
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in shapes.items()}
    for part in group.slices:
        np.moveaxis(masks[part.variable], part.axis, 0)[part.start + unit] = True
    return masks


def test_an_lstm_unit_owns_a_column_of_each_gate_its_row_its_biases_and_its_readers():
    shapes = {"kernel": (3 + 2, 8), "bias": (8,), "next": (9, 4)}
    group = iss.lstm_units("lstm", "kernel", "bias", 3, 2, [iss.Consumer("next", start=5)])
    groups.check([group], shapes)
    masks = owned(group, shapes, unit=1)
    expected = np.zeros([5, 8], dtype=bool)
    expected[:, [1, 3, 5, 7]] = expected[4] = True
    np.testing.assert_array_equal(masks["kernel"], expected)
    np.testing.assert_array_equal(masks["bias"], [False, True] * 4)
    np.testing.assert_array_equal(np.flatnonzero(masks["next"].all(axis=1)), [6])


def test_a_layer_without_bias_owns_none_and_carried_state_shrinks_along_its_units():
    group = iss.lstm_units("lstm", "kernel", None, 3, 2, states=["c", "h"])
    assert places(group, "bias") == []
    assert places(group, "state") == [("c", 1, 0), ("h", 1, 0)]


def test_a_gru_unit_owns_two_gates_a_candidate_and_a_row_of_both_kernels():
    shapes = {"g/kernel": (7 + 5, 10), "g/bias": (10,), "c/kernel": (12, 5), "c/bias": (5,)}
    group = iss.gru_units("gru", "g/kernel", "g/bias", "c/kernel", "c/bias", 7, 5)
    groups.check([group], shapes)
    assert places(group, "gate") == [("g/kernel", 1, 0), ("g/kernel", 1, 5), ("c/kernel", 1, 0)]
    assert places(group, "recurrent") == [("g/kernel", 0, 7), ("c/kernel", 0, 7)]
    assert places(group, "bias") == [("g/bias", 0, 0), ("g/bias", 0, 5), ("c/bias", 0, 0)]


def test_the_backward_half_is_read_after_the_forward_half():
    forward, backward = iss.bidirectional_lstm_units(
        "g1", ("fw/kernel", "bw/kernel"), ("fw/bias", None), 6, (3, 4), [iss.Consumer("next", start=10, multiplier=2.0)]
    )
    assert (forward.name, forward.size, places(forward, "consumer")) == ("g1_fw", 3, [("next", 0, 10)])
    assert (backward.name, backward.size, places(backward, "consumer")) == ("g1_bw", 4, [("next", 0, 13)])
    assert places(backward, "recurrent") == [("bw/kernel", 0, 6)]
    assert [part.multiplier for part in backward.select(["consumer"])] == [2.0]


def test_input_units_are_embedding_columns_and_the_rows_that_read_them():
    group = iss.input_units("embedding", "embedding", 4, [iss.Consumer("kernel"), iss.Consumer("skip", axis=1)])
    assert places(group, "gate") == [("embedding", 1, 0)]
    assert places(group, "consumer") == [("kernel", 0, 0), ("skip", 1, 0)]


def test_a_highway_unit_owns_a_column_and_a_row_of_every_cells_two_matrices():
    shapes = {"h_0": (3 + 2, 2), "t_0": (5, 2), "h_1": (2, 2), "t_1": (2, 2), "hb": (2,), "tb": (2,), "next": (9, 4)}
    group = iss.rhn_units(
        "rhn",
        [("h_0", "hb"), ("h_1", None)],
        [("t_0", "tb"), ("t_1", None)],
        3,
        2,
        [iss.Consumer("next", start=6)],
        ["s"],
    )
    groups.check([group], shapes)
    masks = owned(iss.rhn_units("rhn", [("h_0", "hb"), ("h_1", None)], [("t_0", "tb"), ("t_1", None)], 3, 2), shapes, 1)
    for name in ("h_0", "t_0"):
        expected = np.zeros([5, 2], dtype=bool)
        expected[:, 1] = expected[4] = True
        np.testing.assert_array_equal(masks[name], expected)
    np.testing.assert_array_equal(masks["t_1"], [[False, True], [True, True]])
    np.testing.assert_array_equal(masks["hb"], [False, True])
    assert places(group, "consumer") == [("next", 0, 6)] and places(group, "state") == [("s", 1, 0)]


def test_the_rows_that_read_a_tied_embedding_are_recurrent_in_their_own_layer_and_consumers_in_another():
    tied = [iss.Consumer("embedding", axis=1), iss.Consumer("h_0"), iss.Consumer("below")]
    group = iss.rhn_units("rhn", [("h_0", None)], [("t_0", None)], 2, 2, tied)
    assert places(group, "recurrent") == [("h_0", 0, 2), ("t_0", 0, 2), ("h_0", 0, 0)]
    assert places(group, "consumer") == [("embedding", 1, 0), ("below", 0, 0)]

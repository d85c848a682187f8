import numpy as np
import pytest

from bidaf import attention, model, variables
from sparse_rnn.compat import static_shapes, tf, variables_by_name
from sparse_rnn.training import dropout
from tests import bidaf_reference, bidaf_tiny
from tests.graphs import evaluate, session


def expected(chosen, values, data):
    """The reference's scores, padded like the graph's: lists (start, stop, attention) per question."""
    return [
        bidaf_reference.network(
            chosen,
            values,
            data.context[row, :length],
            data.context_chars[row, :length],
            data.question[row, :asked],
            data.question_chars[row, :asked],
        )
        for row, (length, asked) in enumerate(zip(data.context_length, data.question_length))
    ]


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"no_answer": True, "q2c": False, "char_heights": [5, 2], "char_channels": [4, 3]},
        {"c2q": False, "use_chars": False, "highway_layers": 0},
        {"share_lstm_weights": False, "use_words": False, "logits": "double"},
    ],
)
def test_scores_are_those_of_the_reference_however_long_the_padding(graph, keys):
    chosen = bidaf_tiny.options(**keys)
    values, data = bidaf_tiny.arrays(chosen), bidaf_tiny.batch(longest=11)
    outputs = model.network(chosen, bidaf_tiny.placed(values), bidaf_tiny.fed(data))
    start, stop = evaluate([outputs.start, outputs.stop])
    for row, (first, last, _) in enumerate(expected(chosen, values, data)):
        np.testing.assert_allclose(start[row, : len(first)], first, atol=2e-5)
        np.testing.assert_allclose(stop[row, : len(last)], last, atol=2e-5)
        assert (start[row, len(first) :] < -1e29).all() and (stop[row, len(last) :] < -1e29).all()


@pytest.mark.parametrize("kind", attention.LOGITS)
def test_attention_in_both_directions_is_that_of_all_pairs(graph, kind):
    chosen = bidaf_tiny.options(logits=kind)
    values = bidaf_tiny.arrays(chosen)
    random = np.random.RandomState(5)
    h, u = random.randn(2, 7, 9).astype(np.float32), random.randn(2, 4, 9).astype(np.float32)
    masks = [
        np.where(np.arange(width) < np.array(ends)[:, None], 0, -1e30) for width, ends in ((7, [7, 5]), (4, [3, 4]))
    ]
    found = attention.attend(
        kind, tf.constant(h), tf.constant(u), *(mask.astype(np.float32) for mask in masks), bidaf_tiny.placed(values)
    )
    u_a, h_a, attended = evaluate(found)
    for row, (context, question) in enumerate(((7, 3), (5, 4))):
        scores = bidaf_reference.attention_scores(values, kind, h[row, :context], u[row, :question])
        weights = bidaf_reference.softmax(scores)
        np.testing.assert_allclose(attended[row, :context, :question], weights, atol=1e-5)
        np.testing.assert_allclose(u_a[row, :context], weights @ u[row, :question], atol=1e-5)
        best = bidaf_reference.softmax(scores.max(axis=1))
        np.testing.assert_allclose(h_a[row], best @ h[row, :context], atol=1e-5)


def test_the_loss_is_that_of_both_ends_and_only_no_answer_learns_of_unanswerable_questions(graph):
    data = bidaf_tiny.batch()._replace(answerable=np.array([1, 0, 1], np.int32))
    for no_answer in (False, True):
        chosen = bidaf_tiny.options(no_answer=no_answer)
        values = bidaf_tiny.arrays(chosen)
        inputs = bidaf_tiny.fed(data)
        outputs = model.network(chosen, bidaf_tiny.placed(values), inputs)
        found = evaluate(model.losses(chosen, outputs, inputs))
        for row, (start, stop, _) in enumerate(expected(chosen, values, data)):
            ends = (data.start[row] + no_answer, data.stop[row] + no_answer) if data.answerable[row] else (0, 0)
            wanted = -np.log(bidaf_reference.softmax(start)[ends[0]] * bidaf_reference.softmax(stop)[ends[1]])
            assert found[row] == pytest.approx(wanted * (no_answer or data.answerable[row]), abs=1e-4)


def test_towers_of_any_number_give_the_cost_and_gradients_of_one_and_some_may_have_no_question(graph):
    chosen = bidaf_tiny.options(highway_layers=1)
    made, inputs = model.weights(chosen, bidaf_tiny.COUNTS, 1), model.placeholders()
    trained = [variable for variable in made.values() if variable.op.name != variables.GLOVE]
    found = []
    for devices in (["/cpu:0"], ["/cpu:0", "/cpu:0"]):
        cost = model.training_cost(chosen, made, inputs, [None] * len(devices), devices)
        gradients = tf.gradients(cost, trained, colocate_gradients_with_ops=True)
        found.append([cost] + [tf.convert_to_tensor(each) for each in gradients])
    with session() as opened:
        # Two towers share three questions unevenly; of one question the first of them gets nothing.
        for lengths in ([9, 6, 1], [6]):
            data = bidaf_tiny.batch(lengths=lengths, question_lengths=[3, 1, 4][: len(lengths)])
            for one, other in zip(*opened.run(found, model.feed(inputs, data))):
                np.testing.assert_allclose(one, other, atol=1e-6)


def test_each_kind_of_dropout_acts_where_the_original_drops(graph):
    chosen, places = bidaf_tiny.options(), []

    def record(tensor, place):
        places.append(place)
        return tensor

    values = bidaf_tiny.arrays(chosen)
    model.network(chosen, bidaf_tiny.placed(values), bidaf_tiny.fed(bidaf_tiny.batch()), record)
    assert sorted(places) == sorted(model.PLACES)


def test_masks_are_a_function_of_seed_step_and_place():
    from bidaf import train

    chosen = bidaf_tiny.options(keep_prob=0.5, input_keep_prob=0.6)

    def mask(step, place, tower=0, seed=1):
        with tf.Graph().as_default():
            return evaluate(train.dropouts(chosen, seed, tf.constant(step), tower)(tf.ones([40, 50]), place))

    one = mask(3, "g0")
    assert (one == mask(3, "g0")).all()
    for other in (mask(4, "g0"), mask(3, "g1"), mask(3, "g0", tower=1), mask(3, "g0", seed=2)):
        assert (one != other).any()
    assert (one > 0).mean() == pytest.approx(0.6, abs=0.05) and one.max() == pytest.approx(1 / 0.6)
    assert (mask(3, "question_chars") > 0).mean() == pytest.approx(0.5, abs=0.05)


def test_initial_weights_are_a_function_of_seed_and_name_and_as_large_as_glorot_says():
    def initial(seed, **keys):
        with tf.Graph().as_default():
            model.weights(bidaf_tiny.options(**keys), bidaf_tiny.COUNTS, seed)
            made = variables_by_name(tf.global_variables())
            assert static_shapes(made) == variables.shapes(bidaf_tiny.options(**keys), bidaf_tiny.COUNTS)
            assert [v.op.name for v in tf.global_variables() if v not in tf.trainable_variables()] == [variables.GLOVE]
            return evaluate(made)

    one, again, other = initial(1), initial(1, highway_layers=0), initial(2)
    name = variables.cell("g0", "bw")
    assert (one[name] == again[name]).all() and (one[name] != other[name]).any()
    limit = np.sqrt(6 / sum(one[name].shape))
    assert 0.95 * limit < np.abs(one[name]).max() <= limit and not one[variables.cell("g0", "bw", "bias")].any()
    conv = one[variables.conv(5)]
    assert np.abs(conv).max() <= np.sqrt(6 / (5 * (3 + 4))) and conv.std() > 0.2


def test_dropout_by_step_of_one_is_no_dropout():
    assert dropout.by_step(1.0, 1, 0) is None

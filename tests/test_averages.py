import numpy as np
import pytest

from sparse_rnn import compaction, iss
from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.training import averages, optimization, options
from tests.graphs import session, variable


def formula(values, decay):
    """The average after each of the values that a variable has had after updates 1, 2, ..."""
    average = values[0]
    for updates, value in enumerate(values[1:], start=1):
        stays = min(decay, (1 + updates) / (10 + updates))
        average = stays * average + (1 - stays) * value
    return average


@pytest.mark.parametrize("decay", [0.15, 0.999])
def test_averages_follow_what_a_variable_has_become_at_each_update(graph, decay):
    w = variable("w", np.array([3.0, -2.0], np.float32))
    step = optimization.global_step()
    moved = tf.group(tf.assign_add(w, [1.0, 0.5]).op, tf.assign_add(step, 1).op)
    run = averages.after(moved, [w], decay, step)
    average = variables_by_name(tf.global_variables())["w" + averages.SUFFIX]
    values = [np.array([3.0, -2.0]) + count * np.array([1.0, 0.5]) for count in range(6)]
    with session() as opened:
        for done in range(6):
            np.testing.assert_allclose(opened.run(average), formula(values[: done + 1], decay), rtol=1e-5)
            opened.run(run)
    assert average not in tf.trainable_variables()


def test_a_training_step_averages_zeroed_weights_and_reading_the_cost_averages_nothing(graph):
    w = variable("w", np.array([1.0, 0.03], np.float32))
    train = options.Optimization(learning_rate=0.1, optimizer="sgd", max_grad_norm=None)
    sparsity = options.Sparsity(
        penalties=(options.Penalty(kind="l1", strength=0.05, variables=("w",)),), threshold=0.05
    )
    cost = 0.5 * tf.reduce_sum(tf.square(w - [2.0, 0.03]))
    step = optimization.training_step(cost, train, sparsity, [], average_decay=0.5)
    average = variables_by_name(tf.global_variables())["w" + averages.SUFFIX]
    with session() as opened:
        feed = {step.learning_rate: 0.1}
        before = opened.run(average)
        opened.run([cost, step.finite], feed)
        assert (opened.run(average) == before).all()
        opened.run(step.run, feed)
        weights, found = opened.run([w, average])
    # The gradient is (w - target) + strength; the second weight falls below the threshold.
    np.testing.assert_allclose(weights, [1.0 - 0.1 * (-1.0 + 0.05), 0.0], rtol=1e-6)
    np.testing.assert_allclose(found, formula([before, weights], 0.5), rtol=1e-6)


def test_only_the_listed_variables_are_trained(graph):
    one, other = variable("a/w", np.ones(3, np.float32)), variable("b/w", np.ones(3, np.float32))
    train = options.Optimization(optimizer="adam", variables=("b/*",), max_grad_norm=None)
    cost = tf.reduce_sum(tf.square(one)) + tf.reduce_sum(tf.square(other))
    step = optimization.training_step(cost, train, options.Sparsity(), [])
    with session() as opened:
        opened.run(step.run, {step.learning_rate: 0.5})
        rests, moves = opened.run([one, other])
    assert (rests == 1).all() and (moves < 0.9).all()
    assert not [name for name in variables_by_name(tf.global_variables()) if name.startswith("a/w/")]


def test_reading_averages_leaves_what_is_zero_at_zero_and_what_has_none_alone():
    arrays = {"w": np.array([0.0, 2.0]), "w" + averages.SUFFIX: np.array([0.5, 1.5]), "given": np.ones(2)}
    found = averages.of(arrays)
    assert found["w"].tolist() == [0.0, 1.5] and found["given"].tolist() == [1, 1]
    begun = averages.begun({"w": np.ones(2), "given": np.ones(2)}, ["w", "absent"])
    assert sorted(begun) == ["given", "w", "w" + averages.SUFFIX]


def test_a_graph_reads_what_a_checkpoint_would_give(graph):
    arrays = {"w": np.array([0.0, 2.0]), "w" + averages.SUFFIX: np.array([0.5, 1.5])}
    made = [variable(name, array) for name, array in arrays.items()]
    found, nothing = averages.read([made[0], None])
    with session() as opened:
        assert opened.run(found).tolist() == averages.of(arrays)["w"].tolist()
    assert nothing is None


def test_averages_shrink_with_their_variable():
    layer = iss.lstm_units("lstm", "kernel", None, input_size=3, units=2, consumers=[iss.Consumer("softmax_w")])
    arrays = {"kernel": np.ones([5, 8]), "softmax_w": np.ones([2, 4])}
    arrays["kernel"][3] = arrays["softmax_w"][0] = 0.0
    arrays = averages.begun(arrays, list(arrays))
    arrays["softmax_w" + averages.SUFFIX] = np.full([2, 4], 0.3)
    small = compaction.compact(arrays, [layer]).weights
    assert small["kernel" + averages.SUFFIX].shape == (4, 4) and small["softmax_w" + averages.SUFFIX].shape == (1, 4)

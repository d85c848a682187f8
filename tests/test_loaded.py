import numpy as np

from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.training import loaded


def test_variables_take_their_values_in_few_runs_and_others_keep_theirs(graph):
    random = np.random.RandomState(0)
    for name, shape in (("kernel", [3, 5]), ("bias", [5]), ("rest", [2])):
        variable = tf.get_variable(name, shape, tf.float32, tf.zeros_initializer(), use_resource=True)
        tf.get_variable(name + "/average", initializer=variable.initial_value, use_resource=True)
    by_name = variables_by_name()
    wanted = {name: random.rand(*variable.shape.as_list()) for name, variable in by_name.items()}
    wanted.pop("rest")
    runs = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        operations = len(graph.get_operations())

        class Counting:
            @staticmethod
            def run(*arguments):
                runs.append(arguments)
                return session.run(*arguments)

        loaded.assign(Counting, by_name, wanted)
        found = session.run(by_name)
    assert len(runs) == 2 and len(graph.get_operations()) == operations
    assert not found["rest"].any()
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6)

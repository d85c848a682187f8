"""What the tests of the graph rooms share: variables from arrays, one run in a fresh session, finite differences."""

import collections

import numpy as np

from sparse_rnn.compat import session_config, tf

#: TensorFlow's own recurrent cells went with Keras 3.
HAS_OWN_CELLS = tf.version.VERSION.startswith("1.")
NO_OWN_CELLS = "this TensorFlow has no tf.nn.rnn_cell"


def variable(name, array, use_resource=True):
    """A trainable variable that begins as ``array``."""
    array = np.asarray(array)
    initializer = tf.constant_initializer(array)
    return tf.get_variable(name, array.shape, tf.as_dtype(array.dtype), initializer, use_resource=use_resource)


def quick_config():
    """A session configuration for graphs so small that they are not worth optimising.

    It leaves the number of threads alone: a process has one pool for all its sessions, of the size that the first
    one asks for, and a sum over another number of threads ends in other digits.
    """
    config = session_config()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


def session():
    """A session of the default graph with its variables initialised."""
    opened = tf.Session(config=quick_config())
    opened.run(tf.global_variables_initializer())
    return opened


def evaluate(fetches, feeds=None):
    with session() as opened:
        return opened.run(fetches, feeds)


def evaluate_and_count(fetches, feeds=None):
    """As :func:`evaluate`, and how many operations of each type ran; what XLA made a loop of is one ``"loop"``."""
    options, told = tf.RunOptions(output_partition_graphs=True), tf.RunMetadata()
    with session() as opened:
        found = opened.run(fetches, feeds, options=options, run_metadata=told)
    types = collections.Counter(node.op for graph in told.partition_graphs for node in graph.node)
    types["loop"] = types["_XlaRun"] + types["XlaLaunch"]
    return found, types


def finite_differences(function, arrays, step=1e-6):
    """The central differences of ``function(arrays)`` with respect to every element of every array."""
    slopes = []
    for array in arrays:
        slope = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = function(arrays)
            array[index] = value - step
            slope[index] = (above - function(arrays)) / (2 * step)
            array[index] = value
        slopes.append(slope)
    return slopes

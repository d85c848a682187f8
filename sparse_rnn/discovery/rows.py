"""Rows of a matrix that are cut out of it as a vector, which is quicker than to cut the matrix.

That takes three operations, of which the first runs the axes together and the second cuts across them; what comes out
has the columns of the matrix and some of its rows.
"""

from sparse_rnn.compat import tf

#: What the last of the three is called from then on. Its only input is the matrix; ``attr["start"]`` is the first row.
ROWS = "Rows"


def recognise(nodes):
    """Let the last of three such operations stand for all of them.

    Args:
      nodes: the Nodes; those that are recognised are changed.
    """
    replaced = set()
    for node in nodes.every:
        found = _matrix_and_start(nodes, node)
        if found is not None:
            source, start = found
            piece = node.inputs[0][0]
            replaced.update((piece, piece.inputs[0][0]))
            node.op, node.inputs, node.attr = ROWS, [source], {"start": start}
    # What nothing reads any more would count as a result of the model: the pieces, and then the vectors.
    for _ in range(2):
        read = {source for node in nodes.every for source, _ in node.inputs}
        nodes.every = [node for node in nodes.every if node in read or node not in replaced]


def _matrix_and_start(nodes, node):
    """What a reshape has rows of, and the first of these rows; None where it is another."""
    piece = _input(node, "Reshape")
    vector = piece and _input(piece, "StridedSlice")
    if not vector or vector.op != "Reshape":
        return None
    source, number = vector.inputs[0]
    whole, flat, part, result = (nodes.shape(*each) for each in ((source, number), (vector, 0), (piece, 0), (node, 0)))
    if any(shape is None or None in shape for shape in (whole, flat, part, result)):
        return None
    if [len(shape) for shape in (whole, flat, part, result)] != [2, 1, 1, 2] or result[1] != whole[1] or not whole[1]:
        return None
    begin, stride = (_number(piece.inputs[place][0]) for place in (1, 3))
    begin = 0 if piece.attr["begin_mask"].i else begin
    if stride != 1 or begin is None or begin < 0 or begin % whole[1]:
        return None
    return vector.inputs[0], begin // whole[1]


def _input(node, op):
    """The node that is the first input of an operation of this type; None for another."""
    return node.inputs[0][0] if node.op == op else None


def _number(node):
    """The only number that a constant holds; None where there is no such."""
    if node.op != "Const":
        return None
    array = tf.make_ndarray(node.attr["value"].tensor)
    return int(array.ravel()[0]) if array.size == 1 else None

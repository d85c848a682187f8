"""The group files that the original code shipped, made anew from their description, with the models they are for."""

from typing import Any, Dict, List, Tuple

Entry = Dict[str, Any]
Shapes = Dict[str, Tuple[int, ...]]


def entry(name: str, axis: int, start: int, end: int, multi: float = 1.0) -> Entry:
    return {"var_name": name, "multi": multi, "axis": axis, "start": start, "end": end}


def rows(name: str, start: int, end: int) -> Entry:
    return entry(name, 1, start, end)


def columns(name: str, start: int, end: int) -> Entry:
    return entry(name, 0, start, end)


def rhn_file(width: int, depth: int = 10) -> Dict[str, Any]:
    """``groups_hidden830.json`` for width 830: one group of 43 entries."""
    group = [columns("model/embedding", 0, width)]
    for i in range(depth):
        for kind in "ht":
            name = "model/RHN0/{}_{}/Linear/Matrix".format(kind, i)
            group.append(rows(name, 0, width))
            if i == 0:
                group.append(rows(name, width, 2 * width))
            group.append(columns(name, 0, width))
    return {"comments": ["axis is the one summed over"], "groups": [group]}


def rhn_shapes(width: int, depth: int = 10, vocabulary: int = 10000) -> Shapes:
    """The tied recurrent highway network of the paper's table 2."""
    shapes: Shapes = {"model/embedding": (vocabulary, width), "model/softmax_b": (vocabulary,)}
    for i in range(depth):
        for kind in "ht":
            scope = "model/RHN0/{}_{}/Linear/".format(kind, i)
            shapes[scope + "Matrix"] = (2 * width if i == 0 else width, width)
            shapes[scope + "Bias"] = (width,)
    return shapes


def bidaf_file(d: int) -> Dict[str, Any]:
    """``groups_hidden100.json`` for d 100: six groups of 7, 7, 10, 10, 6 and 6 entries."""

    def cell(layer: str, direction: str) -> str:
        return "main/{}/{}/basic_lstm_cell/weights".format(layer, direction)

    def group(own: str, recurrent: int, consumers: List[Tuple[str, int]]) -> List[Entry]:
        return (
            [rows(own, recurrent * d, (recurrent + 1) * d)]
            + [columns(own, gate * d, (gate + 1) * d) for gate in range(4)]
            + [rows(name, block * d, (block + 1) * d) for name, block in consumers]
        )

    groups = []
    for half, direction in enumerate(("fw", "bw")):
        groups.append(group(cell("g0", direction), 8, [(cell("g1", "fw"), half), (cell("g1", "bw"), half)]))
    for half, direction in enumerate(("fw", "bw")):
        read = [("main/logits1/first/weights", half)]
        read += [(cell("g2", reader), block + half) for block in (8, 12) for reader in ("fw", "bw")]
        groups.append(group(cell("g1", direction), 2, read))
    for half, direction in enumerate(("fw", "bw")):
        groups.append(group(cell("g2", direction), 14, [("main/logits2/first/weights", half)]))
    return {"comments": [], "groups": groups}


def bidaf_shapes(d: int, biases: bool = True, kernel: str = "kernel", bias: str = "bias") -> Shapes:
    """The modelling and output layers of BiDAF, by default in the spelling of TensorFlow 1.2 and later."""
    shapes: Shapes = {}
    for layer, blocks in (("g0", 9), ("g1", 3), ("g2", 15)):
        for direction in ("fw", "bw"):
            scope = "main/{}/{}/basic_lstm_cell/".format(layer, direction)
            shapes[scope + kernel] = (blocks * d, 4 * d)
            if biases:
                shapes[scope + bias] = (4 * d,)
    for logits in ("logits1", "logits2"):
        shapes["main/{}/first/{}".format(logits, kernel)] = (10 * d, 1)
        if biases:
            shapes["main/{}/first/{}".format(logits, bias)] = (1,)
    return shapes

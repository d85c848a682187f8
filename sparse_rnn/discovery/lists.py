"""Rules of TensorArrays, tensor lists and stacks: whatever is put into one has the dimensions of all the others."""

from sparse_rnn.discovery import control, counting
from sparse_rnn.discovery.sources import elements_of
from sparse_rnn.discovery.values import Elements, Unfollowed, Value, tracked

_PLACES = "puts tensors in a row, each in its place"


def rules():
    """Operation type -> rule."""
    return {
        "EmptyTensorList": new_list,
        "StackV2": new_list,
        "TensorArrayGatherV3": stack,
        "TensorArrayReadV3": read_element,
        "TensorArrayScatterV3": unstack,
        "TensorArraySizeV3": size,
        "TensorArrayV3": new_array,
        "TensorArrayWriteV3": write,
        "TensorListFromTensor": from_tensor,
        "TensorListGather": stack,
        "TensorListGetItem": read_element,
        "TensorListLength": size,
        "TensorListElementShape": element_shape,
        "TensorListPopBack": pop,
        "TensorListPushBack": push,
        "TensorListReserve": new_list,
        "TensorListResize": same_list,
        "TensorListSetItem": set_item,
        "TensorListStack": stack,
    }


def new_list(step):
    """An empty list."""
    return [Elements()]


def new_array(step):
    """An empty TensorArray: its handle, and the tensor that orders its use."""
    elements = Elements(None if step.attribute("identical_element_shapes", "b") else Value(None))
    return [elements, elements]


def size(step):
    """How many elements."""
    return [step.fresh_value()]


def element_shape(step):
    """How large the elements are: a vector, even where TensorFlow does not say so."""
    element = elements_of(step, 0).value
    if element is None or element.dims is None:
        raise Unfollowed("counts dimensions that are not known while building")
    found = Value([step.fresh(len(element.dims))])
    found.counts = counting.lengths_of(element)
    return [found]


def same_list(step):
    """The list with room for more."""
    return [elements_of(step, 0)]


def read_element(step):
    """One element."""
    return [_element(step, elements_of(step, 0), step.shape())]


def write(step):
    """``(handle, index, value, flow)``: the value becomes an element."""
    return [_put(step, elements_of(step, 0), step.tensor(2))]


def set_item(step):
    """``(list, index, value)``."""
    return [_put(step, elements_of(step, 0), step.tensor(2))]


def push(step):
    """``(list, value)``."""
    elements = elements_of(step, 0)
    if isinstance(step.inputs[1], Elements):
        raise Unfollowed("puts lists into a list")
    return [_put(step, elements, step.tensor(1))]


def pop(step):
    """The list, and its last element."""
    elements = elements_of(step, 0)
    return [elements, _element(step, elements, step.shape(1))]


def unstack(step):
    """``(handle, indices, value [T, ...], flow)``: every row becomes an element."""
    return [_put(step, elements_of(step, 0), _row(step, step.tensor(2)))]


def from_tensor(step):
    """A list of the rows of a tensor."""
    return [Elements(_row(step, step.tensor(0)))]


def stack(step):
    """All elements on top of each other."""
    shape = step.shape()
    element = _element(step, elements_of(step, 0), None if shape is None else shape[1:])
    if element.dims is None:
        raise Unfollowed("stacks tensors of unknown rank")
    length = shape[0] if shape else None
    return [Value([step.fresh(length, _PLACES)] + element.dims)]


def _row(step, value):
    if not value.dims:
        raise Unfollowed("takes a scalar apart")
    step.pin(value.dims[0], _PLACES)
    return tracked(Value(value.dims[1:]))


def _put(step, elements, value):
    if value.counts is not None:
        counting.pin_all(step, elements.lengths_in_use(added=value))
    if elements.value is None:
        elements.value = tracked(value)
    elif elements.value.dims is None:
        raise Unfollowed("puts a tensor into a list of unknown rank")
    else:
        control.same(step, elements.value, value)
    return elements


def _element(step, elements, shape):
    """An element; the first to ask says what elements are like where nothing was put in yet."""
    counting.pin_all(step, elements.lengths_in_use(read=True))
    if elements.value is None:
        elements.value = Value(None if shape is None else [step.fresh(length) for length in shape])
    return elements.value

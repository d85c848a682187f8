"""The language model in PyTorch: ``nn.Embedding``, an ``nn.LSTM`` per layer (their sizes may differ), ``nn.Linear``."""

from ptb import variables
from sparse_rnn.errors import UserError


def torch():
    """The module, or a UserError that says how to get it."""
    try:
        import torch as module
    except ImportError:
        raise UserError("PyTorch is not installed; pip install -e .[benchmarks], with Python 3.9 or newer.") from None
    return module


class TorchModel:
    """Modules that hold the weights ``{our variable name: array}``.

    ``nn.LSTM`` adds two biases; the second stays at zero and is not trained, so that it is the same function.
    """

    def __init__(self, options, arrays):
        nn = torch().nn
        vocabulary, width = arrays[variables.EMBEDDING].shape
        self.embedding, self.layers = nn.Embedding(vocabulary, width), nn.ModuleList()
        for units in options.hidden_sizes:
            self.layers.append(nn.LSTM(width, units))
            width = units
        self.linear = nn.Linear(width, vocabulary)
        self.dropout = nn.Dropout(1 - options.keep_prob)
        self._load(arrays)

    def hidden(self, words, state):
        """The last layer's outputs ``[T, B, n]`` with dropout, for ``words [T, B]``, and each layer's last state."""
        return self.stack(self.dropout(self.embedding(words)), state)

    def stack(self, inputs, state):
        """The layers alone, for ``inputs [T, B, in]``."""
        last = []
        for layer, before in zip(self.layers, state):
            inputs, after = layer(inputs, before)
            inputs = self.dropout(inputs)
            last.append(after)
        return inputs, last

    def zero_state(self, batch_size):
        """One ``(h, c)`` of ``[1, B, n]`` for each layer."""
        return [tuple(torch().zeros(1, batch_size, layer.hidden_size) for _ in "hc") for layer in self.layers]

    def parameters(self):
        """What is trained."""
        found = [self.embedding.weight, self.linear.weight, self.linear.bias]
        for layer in self.layers:
            found += [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
        return found

    def weights(self):
        """``{our variable name: array}`` as they are now."""
        found = {
            variables.EMBEDDING: self.embedding.weight,
            variables.SOFTMAX_W: self.linear.weight.T,
            variables.SOFTMAX_B: self.linear.bias,
        }
        for number, layer in enumerate(self.layers):
            kernel = torch().cat([layer.weight_ih_l0.T, layer.weight_hh_l0.T])
            found[variables.kernel(number)] = _other_order(kernel)
            found[variables.bias(number)] = _other_order(layer.bias_ih_l0)
        return {name: tensor.detach().numpy() for name, tensor in found.items()}

    def _load(self, arrays):
        tensors = {name: torch().from_numpy(array) for name, array in arrays.items()}
        with torch().no_grad():
            self.embedding.weight.copy_(tensors[variables.EMBEDDING])
            self.linear.weight.copy_(tensors[variables.SOFTMAX_W].T)
            self.linear.bias.copy_(tensors[variables.SOFTMAX_B])
            for number, layer in enumerate(self.layers):
                kernel = _other_order(tensors[variables.kernel(number)])
                layer.weight_ih_l0.copy_(kernel[: layer.input_size].T)
                layer.weight_hh_l0.copy_(kernel[layer.input_size :].T)
                layer.bias_ih_l0.copy_(_other_order(tensors[variables.bias(number)]))
                layer.bias_hh_l0.zero_()
                layer.bias_hh_l0.requires_grad_(False)


def _other_order(tensor):
    """The gates i, j, f, o along the last axis as i, f, j, o, PyTorch's order, and the other way round."""
    i, second, third, o = tensor.chunk(4, dim=-1)
    return torch().cat([i, third, second, o], dim=-1)

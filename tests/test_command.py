import os
import signal

import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line


@pytest.fixture(autouse=True)
def signals():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def ended(main, arguments=()):
    with pytest.raises(SystemExit) as caught:
        command.run(main, list(arguments))
    return caught.value.code


def raising(error):
    def main(arguments):
        raise error

    return main


def test_the_arguments_go_to_main_and_its_code_is_the_exit_code(capsys):
    assert ended(lambda arguments: len(arguments), ["a", "b", "c"]) == 3
    assert ended(lambda arguments: None) is None
    assert capsys.readouterr() == ("", "")


def test_what_a_person_can_mend_is_one_sentence_and_code_2(capsys):
    assert ended(raising(UserError("there is no file 'x'."))) == 2
    assert capsys.readouterr() == ("", "error: there is no file 'x'.\n")


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        command.run(lambda arguments: 1 // 0, [])


def test_an_interruption_is_code_130(capsys):
    assert ended(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted.\n"


def test_sigterm_interrupts_like_ctrl_c(capsys):
    def main(arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            signal.pause()

    assert ended(main) == 130
    assert capsys.readouterr().err == "interrupted.\n"


@pytest.fixture
def parser():
    made = command_line.parser("What it does.")
    command_line.add_config(made, required=True)
    command_line.add_data(made)
    command_line.add_device(made)
    return made


GOOD = ["--config=a.json", "--data_path=builtin"]


def test_flags_are_read(parser):
    flags = parser.parse_args(GOOD + ["--set", "a=1", "--set=b=2", "--device=/gpu:1"])
    assert (flags.config, flags.data_path, flags.overrides, flags.device) == (
        "a.json",
        "builtin",
        ["a=1", "b=2"],
        "/gpu:1",
    )
    assert parser.parse_args(GOOD).device is None


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([], "the following arguments are required: --config, --data_path"),
        (GOOD + ["--devise=/cpu:0"], "there is no flag '--devise'; did you mean '--device'?"),
        (GOOD + ["--sets=a=1"], "there is no flag '--sets'; did you mean '--set'?"),
        (GOOD + ["stray"], "there is no flag 'stray'"),
        (
            ["--config=a.json", "--data_pth=b", "--save_path=c"],
            "there is no flag '--data_pth'; did you mean '--data_path'?",
        ),
        (GOOD + ["--device"], "argument --device: expected one argument"),
        (GOOD + ["--device=gpu1"], "'gpu1' is no TensorFlow device; an example is /gpu:0"),
        (GOOD + ["--device=/gpu:one"], "'/gpu:one' is no TensorFlow device"),
    ],
)
def test_wrong_flags_are_one_sentence(parser, arguments, sentence):
    with pytest.raises(UserError) as caught:
        parser.parse_args(arguments)
    assert str(caught.value).startswith("command line: ") and sentence in str(caught.value)
    assert "\n" not in str(caught.value)

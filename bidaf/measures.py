"""What the numbers of question answering are called, and which one chooses the best checkpoint."""

from sparse_rnn.training.task import Measures

MEASURES = Measures(
    selected_by="dev_f1",
    largest=True,
    tags={"dev_f1": "answers/dev_f1", "dev_em": "answers/dev_em", "dev_loss": "loss/dev"},
    items="questions",
    of_loss=lambda loss: {},
    line=lambda row: "loss {:.3f}, dev loss {:.3f}, EM {:.2f}, F1 {:.2f}".format(
        row["train_loss"], row["dev_loss"], row["dev_em"], row["dev_f1"]
    ),
    note=lambda loss: "loss {:.3f}".format(loss),
)

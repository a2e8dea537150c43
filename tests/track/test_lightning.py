"""Lightning's own trainer against what the logger recorded of it."""

import pytest
import torch

from tests.track.reading import read, stored

pytest.importorskip("lightning", reason="Lightning is in the dev and lightning extras")
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice is not about us

import lightning as L  # noqa: E402

from ganbench.lightning import GanbenchLogger  # noqa: E402


class Line(L.LightningModule):
    """A line through ten points; keeps what it logs."""

    def __init__(self, rate=0.003):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Linear(1, 1)
        self.losses = []

    def training_step(self, batch, _):
        loss = ((self.net(batch[0]) - batch[1]) ** 2).mean()
        self.losses.append(float(loss))
        self.log("loss", loss)
        return loss

    def test_step(self, batch):
        self.log("test_loss", ((self.net(batch[0]) - batch[1]) ** 2).mean())

    def on_train_end(self):
        self.logger.log_image("grid", [torch.zeros(1, 5, 5), torch.ones(1, 5, 5)], step=9)
        self.logger.log_image("one", [torch.ones(1, 5, 5)], step=9)
        self.logger.log_text("said", "done", step=9)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.rate)


def test_a_training(tmp_path):
    logger = GanbenchLogger("my project", "a name", runs_dir=tmp_path / "runs", tags=["t"])
    x = torch.arange(10.0)[:, None]
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=2)
    trainer = L.Trainer(
        max_epochs=2,
        logger=logger,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path / "root",
    )
    model = Line()
    trainer.fit(model, data)
    trainer.test(model, data, verbose=False)
    logger.experiment.finish(summary=False)
    shown = read(tmp_path / "runs", series=["loss", "test_loss", "epoch"])
    assert shown["series"]["loss"]["value"] == pytest.approx(model.losses)
    assert shown["series"]["loss"]["step"] == [*range(10)]
    assert shown["series"]["epoch"]["value"][:10] == [0] * 5 + [1] * 5
    assert len(shown["series"]["test_loss"]["value"]) == 1
    assert shown["config"]["rate"] == 0.003
    assert (shown["project"], shown["name"], shown["tags"]) == ("my project", "a name", ["t"])
    assert (shown["state"], shown["processes"]) == ("finished", 1)
    assert [(t["name"], t["text"]) for t in shown["said"]] == [("said", "done")]
    pictures = stored(logger.experiment.folder.media, shown)
    assert {name: picture.shape for (name, _), picture in pictures.items()} == {
        "grid": (9, 16, 3),
        "one": (5, 5, 3),
    }
    assert (tmp_path / "root" / "my project" / logger.version / "checkpoints").is_dir()


def test_a_prefix_and_a_run_of_ones_own(tmp_path):
    import ganbench as gb

    run = gb.Run("x", runs_dir=tmp_path)
    logger = GanbenchLogger(run=run, prefix="gan")
    logger.log_metrics({"a": 1.0}, step=3)
    logger.finalize("success")
    run.finish(summary=False)
    assert (logger.name, logger.version) == ("x", run.id)
    assert read(tmp_path, series=["gan_a"])["series"]["gan_a"]["step"] == [3]

"""Makes the source of an import with the real package: python -m tests.imports.make TOOL FOLDER.

Beside it goes times.json: when each step was logged.
"""

import json
import sys
import time
from pathlib import Path

from PIL import Image

from tests.imports.truth import CONFIG, GRIDS, STEPS, grid, losses


def loop(folder, log, show):
    """Calls `log(values, step)` and, where there is a grid, `show(picture, step)`."""
    times = []
    for step in range(STEPS):
        times.append(time.time())
        log(losses(step), step)
        if step in GRIDS:
            show(grid(step), step)
        print("line", step)
        time.sleep(0.02)
    (folder / "times.json").write_text(json.dumps(times))


def comet(folder, killed=False):
    import comet_ml

    options = {"display_summary_level": 0, "log_code": False, "log_git_metadata": False}
    run = comet_ml.OfflineExperiment("gan", offline_directory=str(folder), **options)
    run.set_name("first <b>try</b>")
    run.add_tags(["one", "<i>two</i>"])
    run.log_parameters({**CONFIG, "nested": {"deep": [1, 2]}})
    run.log_other("best", 1.5)
    with run.train():
        loop(
            folder,
            lambda values, step: run.log_metrics(values, step=step, epoch=step // 5),
            lambda picture, step: run.log_image(Image.fromarray(picture), name="grid", step=step),
        )
    run.log_parameter("lr", 0.0001)
    run.log_text("hello <script>", step=4)
    run.log_confusion_matrix(matrix=[[1, 2], [3, 4]], step=4)
    run.log_curve("roc", [0, 1], [0.5, 1.0], step=4)
    run.log_asset_data({"x": 1}, name="../../data.json")
    run.log_html("<script>alert(1)</script>")
    if killed:
        import os
        import signal

        time.sleep(1)  # what was logged is written by a thread
        os.kill(os.getpid(), signal.SIGKILL)
    run.end()


def tensorboard(folder):
    from tensorboardX import SummaryWriter

    log = folder / "log"
    for name in ("first", "deep/second"):
        with SummaryWriter(str(log / name)) as writer:
            loop(
                folder,
                lambda values, step: [writer.add_scalar(k, v, step) for k, v in values.items()],
                lambda picture, step: writer.add_image("grid", picture, step, dataformats="HWC"),
            )
            for step in range(30):
                writer.add_image("many", grid(step), step, dataformats="HWC")
            writer.add_text("words", "hello <script>", 3)
            writer.add_histogram("weights", grid(0).astype(float), 2)
            if name == "first":
                writer.add_hparams(CONFIG, {"fid": 3.5}, name="hparams")


def wandb(folder, steps=0, code=0):
    import wandb

    run = wandb.init(
        project="gan",
        name="first <b>try</b>",
        dir=folder,
        notes="some *notes*",
        tags=["one", "<i>two</i>"],
        config={**CONFIG, "nested": {"deep": [1, 2]}},
        mode="offline",
    )
    wandb.Image(grid(0)), wandb.Table(columns=["a"], data=[[1]])  # what they import takes a second
    loop(
        folder,
        lambda values, step: run.log(
            {**values, "s/x.y": step, "sub": {"a": 1}}, step=step, commit=False
        ),
        lambda picture, step: run.log(
            {
                "grid": wandb.Image(picture, caption=f"step {step}"),
                "many": [wandb.Image(grid(100 + i)) for i in range(3)],
                "h": wandb.Histogram([1, 2, 3]),
                "table": wandb.Table(columns=["a"], data=[[1]]),
                "words": "hello <script>",
            },
            step=step,
            commit=False,
        ),
    )
    for step in range(STEPS, STEPS + steps):
        run.log({"long": step}, step=step)
    run.config.update({"lr": 0.0001}, allow_val_change=True)
    run.summary["best"] = 1.5
    kept = folder / "kept.txt"
    kept.write_text("kept")
    wandb.save(str(kept), base_path=str(folder), policy="end")
    run.finish(exit_code=code)


def mlflow(folder):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.create_experiment("gan", artifact_location=str(folder / "artifacts"))
    mlflow.set_experiment("gan")
    mlflow_run(folder, mlflow)
    mlflow.set_experiment("other")
    with mlflow.start_run(run_name="failed"):
        mlflow.end_run("FAILED")


def mlflow_folder(folder):
    import mlflow

    mlflow.set_tracking_uri(str(folder / "mlruns"))
    mlflow.set_experiment("gan")
    mlflow_run(folder, mlflow)


def mlflow_run(folder, mlflow):
    with mlflow.start_run(run_name="first <b>try</b>", description="some *notes*"):
        mlflow.set_tags({"one": "", "colour": "<i>red</i>"})
        mlflow.log_params(CONFIG)
        loop(
            folder,
            lambda values, step: mlflow.log_metrics(values, step=step),
            lambda picture, step: mlflow.log_image(
                picture, key="samples/grid", step=step, synchronous=True
            ),
        )
        for value in (3, 1, 2):
            mlflow.log_metric("stepless", value)
        mlflow.log_text("hello", "deep/notes.txt")


def trackio(folder):
    import os

    os.environ["TRACKIO_DIR"] = str(folder / "trackio")
    import trackio

    run = trackio.init("gan", name="first <b>try</b>", config={**CONFIG, "nested": {"deep": 1}})
    loop(
        folder,
        lambda values, step: trackio.log(values, step=step),
        lambda picture, step: trackio.log(
            {
                "grid": trackio.Image(picture, caption=f"step {step}"),
                "words": "hello <script>",
                "rows": trackio.Table(data=[[1, 2]], columns=["a", "b"]),
                "h": trackio.Histogram([1.0, 2.0, 3.0]),
            },
            step=step,
        ),
    )
    run.log_system({"gpu": 50.0})
    trackio.alert("careful", "it diverges")
    trackio.finish()


if __name__ == "__main__":
    tool, where, *more = sys.argv[1:]
    globals()[tool](Path(where), *map(int, more))

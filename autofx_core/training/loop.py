"""The training loop: what a step is, in which order sounds come, what is kept. Lightning runs it.

Reproducible from the seed: the order of the sounds follows from it alone, whatever the number of
processes, and an interrupted run goes on with the epoch that it was in.
"""

import logging
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from lightning import pytorch as lightning
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from autofx_core.datasets.reader import Waves
from autofx_core.metrics.losses import c2_mse
from autofx_core.networks.classifier import AfxClassifier
from autofx_core.training.recipes import Recipe

LAST_NAME = "last.ckpt"
VALIDATION_BATCH = 32
LOSS_SCALE = 100.0  # as in AutoFX, so that the printed curves have digits

Columns = tuple[Tensor | Waves, ...]


class Rows(Dataset):
    """Columns of equal length, read a batch of rows at a time."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitems__(self, rows: list[int]) -> list[Tensor]:
        """Batch of each column."""
        return [column[rows] for column in self.columns]


class Order:
    """The rows of one epoch for one process; their order follows from the seed alone.

    Passes through all rows follow each other, each shuffled anew; an epoch is the next `per_epoch`
    rows. Of every batch, process `rank` of `world` takes each `world`-th row.
    """

    def __init__(self, rows: int, per_epoch: int, seed: int, rank: int, world: int) -> None:
        self.rows, self.per_epoch, self.seed = rows, per_epoch, seed
        self.rank, self.world = rank, world
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Tell which epoch comes next; Lightning calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.per_epoch // self.world

    def __iter__(self) -> Iterator[int]:
        start = self.epoch * self.per_epoch
        passes = range(start // self.rows, (start + self.per_epoch - 1) // self.rows + 1)
        shuffled = torch.cat([self._shuffle(number) for number in passes])
        own = shuffled[start % self.rows :][: self.per_epoch][self.rank :: self.world]
        return iter(own[: len(self)].tolist())

    def _shuffle(self, number: int) -> Tensor:
        chance = torch.Generator().manual_seed(self.seed * 10_000 + number)
        return torch.randperm(self.rows, generator=chance)


class Lesson(lightning.LightningModule):
    """A network, what it learns from, and how."""

    def __init__(
        self, model: nn.Module, recipe: Recipe, training: Columns, validation: Columns
    ) -> None:
        super().__init__()
        self.model, self.recipe = model, recipe
        self._training, self._validation = Rows(training), Rows(validation)
        self._loss = (
            nn.functional.nll_loss if isinstance(model, AfxClassifier) else self._regression_loss
        )

    def _regression_loss(self, estimate: Tensor, settings: Tensor, family: Tensor) -> Tensor:
        return LOSS_SCALE * c2_mse(estimate, settings, family)

    def _judge(self, batch: Sequence[Tensor]) -> Tensor:
        inputs, targets = batch[: len(self.model.inputs)], batch[len(self.model.inputs) :]
        return self._loss(self.model(*inputs).float(), *targets)

    def training_step(self, batch: Sequence[Tensor], _number: int) -> Tensor:
        """Judge a batch; the mean over the epoch is the curve `train`."""
        loss = self._judge(batch)
        self._log("train", loss, batch)
        return loss

    def validation_step(self, batch: Sequence[Tensor], _number: int) -> None:
        """Judge a batch of the validation part; the mean is the curve `validation`."""
        self._log("validation", self._judge(batch), batch)

    def _log(self, name: str, loss: Tensor, batch: Sequence[Tensor]) -> None:
        self.log(
            name,
            loss,
            batch_size=len(batch[0]),
            on_step=False,
            on_epoch=True,
            sync_dist=True,
            prog_bar=True,
        )

    def configure_optimizers(self) -> dict:
        """Adam, at a constant rate or once up and down."""
        recipe = self.recipe
        optimizer = torch.optim.Adam(self.model.parameters(), lr=recipe.learning_rate)
        if not recipe.one_cycle:
            return {"optimizer": optimizer}
        steps = recipe.max_epochs * math.ceil(self._epoch_sounds / recipe.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    @property
    def _epoch_sounds(self) -> int:
        return self.recipe.epoch_sounds or len(self._training)

    def train_dataloader(self) -> DataLoader:
        """Batch the rows of this process; all processes' batches have the recipe's size."""
        rank, world = self.trainer.global_rank, self.trainer.world_size
        order = Order(len(self._training), self._epoch_sounds, self.recipe.seed, rank, world)
        return self._loader(self._training, order, max(1, self.recipe.batch_size // world))

    def val_dataloader(self) -> DataLoader:
        """Share the validation part out among the processes."""
        rank, world = self.trainer.global_rank, self.trainer.world_size
        own = range(rank, len(self._validation), world)
        return self._loader(self._validation, own, VALIDATION_BATCH)

    def _loader(self, rows: Rows, order: Sequence[int] | Order, batch_size: int) -> DataLoader:
        return DataLoader(rows, batch_size=batch_size, sampler=order, collate_fn=list)


class Curves(Callback):
    """Loss after each epoch, the best of them, and the time used; outlives an interruption."""

    def __init__(self) -> None:
        self.train: list[float] = []
        self.validation: list[float] = []
        self.seconds = 0.0
        self._since = time.perf_counter()

    def on_train_epoch_start(self, *_: object) -> None:
        """Start the clock."""
        self._since = time.perf_counter()

    def on_validation_end(self, trainer: lightning.Trainer, _lesson: Lesson) -> None:
        """Note both losses. The mean over the epoch's training batches is at hand only later."""
        self.validation.append(trainer.callback_metrics["validation"].item())
        self.seconds += time.perf_counter() - self._since

    def on_train_epoch_end(self, trainer: lightning.Trainer, _lesson: Lesson) -> None:
        """Note the training loss."""
        self.train.append(trainer.callback_metrics["train"].item())

    @property
    def best_epoch(self) -> int:
        """Number of the epoch with the lowest validation loss, from 0."""
        return self.validation.index(min(self.validation))

    def state_dict(self) -> dict:
        """Keep the curves in the checkpoint."""
        return {"train": self.train, "validation": self.validation, "seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        """Go on with the curves of a checkpoint."""
        self.train, self.validation = state["train"], state["validation"]
        self.seconds = state["seconds"]


def fit(lesson: Lesson, run: Path, *, devices: int = 1, nodes: int = 1) -> Curves:
    """Train until the validation loss stops falling; leave the model at its best.

    Parameters
    ----------
    run
        Folder for the checkpoints and TensorBoard's events; an interrupted run in it goes on.
    devices, nodes
        Processes on each machine, and machines.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    curves = Curves()
    keep = ModelCheckpoint(
        run, "best", monitor="validation", save_last=True, enable_version_counter=False,
        save_on_train_epoch_end=True,
    )  # fmt: skip
    trainer = lightning.Trainer(
        accelerator="auto",
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if devices * nodes > 1 else "auto",
        precision=lesson.recipe.precision,
        max_epochs=lesson.recipe.max_epochs,
        logger=TensorBoardLogger(run, name=None, version="tensorboard"),
        callbacks=[
            curves,  # before the checkpoint, which keeps it
            EarlyStopping(
                "validation", patience=lesson.recipe.patience, check_on_train_epoch_end=True
            ),
            keep,
            TQDMProgressBar(refresh_rate=10),
        ],
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        log_every_n_steps=10,
    )
    last = run / LAST_NAME
    with warnings.catch_warnings():
        # The columns are in memory or memory-mapped: workers would only copy them.
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        # A small data set has fewer batches than an interval of the log.
        warnings.filterwarnings("ignore", ".*number of training batches.*")
        # The run's folder holds TensorBoard's curves and, after an interruption, the last state.
        warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists.*")
        trainer.fit(lesson, ckpt_path=last if last.exists() else None, weights_only=True)
    best = torch.load(keep.best_model_path, weights_only=True)["state_dict"]
    lesson.load_state_dict(best)
    lesson.model.eval()
    return curves

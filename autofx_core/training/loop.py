"""The training loop: what a step is, in which order sounds come, what is kept. Lightning runs it.

Reproducible from the seed: the order of the sounds follows from it alone, whatever the number of
processes, and an interrupted run goes on with the epoch that it was in.
"""

import logging
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    Timer,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from autofx_core.datasets.reader import Subset
from autofx_core.networks.checkpoints import start_from
from autofx_core.networks.inputs import WithProbabilities
from autofx_core.networks.network import Batch, Network
from autofx_core.networks.registry import NETWORKS
from autofx_core.training.recipes import Recipe

LAST_NAME = "last.ckpt"
VALIDATION_BATCH = 32


class Rows(Dataset):
    """Columns of equal length by name, read a batch of rows at a time."""

    def __init__(self, columns: Mapping[str, Tensor]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitems__(self, rows: list[int]) -> dict[str, Tensor]:
        """Batch of each column."""
        return {name: column[rows] for name, column in self.columns.items()}


def select_columns(
    network: Network, recipe: Recipe, subset: Subset, classifier: Network | None = None
) -> Rows:
    """Choose what a network is trained on: its inputs and its targets.

    Parameters
    ----------
    network
        The network to train.
    recipe
        Whether ambiguous sounds are left out, and whether classes weigh the same.
    subset
        Sounds of a data set.
    classifier
        What conditions the network; by default, the pretrained one.
    """
    if recipe.unambiguous:
        subset = subset.take(subset.unambiguous)
    columns = WithProbabilities(subset, classifier)
    targets = {name: getattr(subset, name) for name in network.targets}
    if "weight" in targets and not recipe.balanced:
        targets["weight"] = torch.ones(len(subset))
    return Rows({name: columns[name] for name in network.inputs} | targets)


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
        """Set which epoch comes next; Lightning calls it."""
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


class TrainingModule(LightningModule):
    """A network, the columns that it is trained on, and how.

    Parameters
    ----------
    network
        Its scaler is fitted.
    recipe
        How to train it.
    training, validation
        What to train on, and to choose the best epoch by; None keeps the last.
    """

    def __init__(
        self, network: Network, recipe: Recipe, training: Rows, validation: Rows | None
    ) -> None:
        super().__init__()
        self.network, self.recipe = network, recipe
        self._training, self._validation = training, validation

    def training_step(self, batch: Batch, _number: int) -> Tensor:
        """Compute the loss of a batch; the mean over the epoch is the curve `train`."""
        return self._log("train", self.network.loss(batch, smoothing=self.recipe.smoothing))

    def validation_step(self, batch: Batch, _number: int) -> None:
        """Compute the loss of a validation batch; the mean is the curve `validation`."""
        self._log("validation", self.network.loss(batch))

    def _log(self, name: str, loss: Tensor) -> Tensor:
        self.log(name, loss, on_step=False, on_epoch=True, sync_dist=True, prog_bar=True)
        return loss

    def configure_optimizers(self) -> Any:
        """AdamW, at a constant rate or once up and down."""
        recipe = self.recipe
        optimizer = torch.optim.AdamW(
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        if not recipe.one_cycle:
            return optimizer
        steps = recipe.max_epochs * math.ceil(self._epoch_sounds / recipe.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    @property
    def _epoch_sounds(self) -> int:
        return self.recipe.epoch_sounds or len(self._training)

    def train_dataloader(self) -> DataLoader:
        """Batch the rows of this process; all processes' batches have the recipe's size."""
        rank, world = self.trainer.global_rank, self.trainer.world_size
        order = Order(len(self._training), self._epoch_sounds, self.recipe.seed, rank, world)
        return self._loader(self._training, order, max(1, self.recipe.batch_size // world))

    def val_dataloader(self) -> DataLoader | list:
        """Share the validation part out among the processes."""
        rank, world = self.trainer.global_rank, self.trainer.world_size
        if self._validation is None:
            return []
        own = range(rank, len(self._validation), world)
        return self._loader(self._validation, own, VALIDATION_BATCH)

    def _loader(self, rows: Rows, order: Iterable[int], batch_size: int) -> DataLoader:
        return DataLoader(rows, batch_size=batch_size, sampler=order, collate_fn=dict)


class Curves(Timer):
    """Losses after each epoch, `train` and `validation`, and the time; outlives an interruption."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: dict[str, list[float]] = {"train": [], "validation": []}

    def on_train_epoch_end(self, trainer: Trainer, *_: object) -> None:
        """Store the losses: the means over the epoch's batches."""
        for name in self.losses.keys() & trainer.callback_metrics:
            self.losses[name].append(trainer.callback_metrics[name].item())

    @property
    def best_epoch(self) -> int:
        """Number of the epoch with the lowest validation loss, from 0."""
        return self.losses["validation"].index(min(self.losses["validation"]))

    def state_dict(self) -> dict:
        """Keep the curves in the checkpoint."""
        return super().state_dict() | {"losses": self.losses}

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on with the curves of a checkpoint."""
        super().load_state_dict(state_dict)
        self.losses = state_dict["losses"]


def fit(
    recipe: Recipe,
    training: Subset,
    validation: Subset | None = None,
    *,
    run: Path | None = None,
    classifier: Network | None = None,
    devices: int = 1,
    nodes: int = 1,
) -> tuple[Network, Curves, bool]:
    """Train a network until the validation loss stops falling, and return it at its best.

    Parameters
    ----------
    recipe
        Which network, and how.
    training
        What to train on.
    validation
        What to choose the best epoch by; without it, the last is kept.
    run
        Folder for the checkpoints and TensorBoard's events; an interrupted run in it goes on. None
        writes nothing.
    classifier
        What conditions the network; by default, the pretrained one.
    devices, nodes
        Processes on each machine, and machines.

    Returns
    -------
    network
        Ready to predict.
    curves
        Losses by epoch.
    first
        Whether this is the first of all processes, the one that reports.

    Raises
    ------
    DatasetError
        If the data set lacks a feature set that the network takes.
    CheckpointError
        If the weights to start from are missing.
    """
    torch.manual_seed(recipe.seed)
    network = NETWORKS[recipe.network](**recipe.options)
    rows = select_columns(network, recipe, training, classifier)
    network.fit_scaler(rows.columns)
    if recipe.start:
        start_from(network, Path(recipe.start))
    checked = None
    if validation is not None:
        checked = select_columns(network, recipe, validation, classifier)
    module = TrainingModule(network, recipe, rows, checked)
    curves = Curves()
    callbacks: list[Callback] = [curves]  # before the checkpoint, which keeps it
    keep = None
    if checked:
        callbacks.append(
            EarlyStopping("validation", patience=recipe.patience, check_on_train_epoch_end=True)
        )
    if run:
        run.mkdir(parents=True, exist_ok=True)
        keep = ModelCheckpoint(
            run, "best", monitor="validation", save_last=True, enable_version_counter=False,
            save_on_train_epoch_end=True,
        )  # fmt: skip
        callbacks += [keep, TQDMProgressBar(refresh_rate=10)]
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # The columns are in memory or memory-mapped: workers would only copy them.
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        # A small data set has fewer batches than an interval of the log.
        warnings.filterwarnings("ignore", ".*number of training batches.*")
        # The run's folder holds TensorBoard's curves and, after an interruption, the last state.
        warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists.*")
        trainer = Trainer(
            accelerator="auto",
            devices=devices,
            num_nodes=nodes,
            strategy="ddp" if devices * nodes > 1 else "auto",
            precision=recipe.precision,  # type: ignore[arg-type]  # one of Lightning's names
            max_epochs=recipe.max_epochs,
            logger=TensorBoardLogger(run, name=None, version="tensorboard") if run else False,
            callbacks=callbacks,
            enable_checkpointing=run is not None,
            enable_progress_bar=run is not None,
            limit_val_batches=1.0 if checked else 0,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            enable_model_summary=False,
            log_every_n_steps=10,
        )
        last = run / LAST_NAME if run else None
        trainer.fit(module, ckpt_path=last if last and last.exists() else None, weights_only=True)
    if keep:
        module.load_state_dict(torch.load(keep.best_model_path, weights_only=True)["state_dict"])
    return network.eval(), curves, trainer.is_global_zero

"""What the pretrained networks were trained on, as their cards say."""

from autofx_core.networks.registry import read_card


def training_recordings(name: str) -> set[str]:
    """Return the source recordings that a network was trained on or chosen by."""
    recordings = read_card(name)["data"]["recordings"]
    return {*recordings["train"], *recordings["validation"]}

"""Every test starts from the same seed and leaves torch as it found it."""

from collections.abc import Iterator

import pytest
import torch
from torch.distributions import Distribution

from vaelosses.data import load


@pytest.fixture(autouse=True)
def clean_torch() -> Iterator[None]:
    dtype = torch.get_default_dtype()
    torch.manual_seed(0)
    Distribution.set_default_validate_args(True)  # torch's default, which importing Pyro changes
    yield
    torch.set_default_dtype(dtype)


@pytest.fixture(scope="session")
def digits() -> torch.Tensor:
    """A few real images."""
    return load("mnist", embedded=True).x_train[:256]

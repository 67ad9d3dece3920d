"""Every test starts from the same seed and leaves torch as it found it."""

from collections.abc import Iterator

import pytest
import torch
from torch.distributions import Distribution


@pytest.fixture(autouse=True)
def clean_torch() -> Iterator[None]:
    validate, dtype = Distribution._validate_args, torch.get_default_dtype()
    torch.manual_seed(0)
    yield
    Distribution.set_default_validate_args(validate)
    torch.set_default_dtype(dtype)

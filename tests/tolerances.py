"""The only tolerances of the suite: a row of the table may leave a property out, never loosen one."""

import torch

EXACT = {torch.float64: 1e-12, torch.float32: 4e-6}
"""A closed form against an oracle: relative to the larger of the exact value and one."""

QUADRATURE = 1e-9
"""An integral of the density against what it should be."""

SAMPLES = 30_000
"""How many samples a sampler is judged by, with a fixed seed."""

P_VALUE = 1e-5
"""A sampler against its log_prob: the smallest p-value that passes."""

EXPLAINED = 1e-6
"""A number of `explain_loss` against arithmetic by hand, relative."""

"""What is measured: each likelihood and what people use instead of it, as functions of raw parameters.

The functions return log-probabilities of every pixel. Inputs are made as a decoder makes them: channels
first, with the components of a mixture before height and width.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch import distributions as td

import vaelosses as vl

OFF = {"validate_args": False}
COMPONENTS = 10


@dataclass(frozen=True)
class Case:
    name: str
    """The file in vaelosses/likelihoods."""
    parameters: dict[str, Callable[[Tensor], Tensor]]
    """Name to what makes it from standard normal numbers."""
    ours: Callable[..., Tensor]
    """The value, then the parameters, to log-probabilities."""
    peer: Callable[..., Tensor]
    peer_name: str
    maps: int = 1
    """Maps per parameter and pixel: components, or levels."""
    squeeze: float = 0.0
    colour: bool = False
    binary: bool = False

    def inputs(self, batch: int, size: int, device: str = "cpu") -> tuple[Tensor, ...]:
        """Return pixels and parameters, all leaves."""
        channels = 3 if self.colour else 1
        x = (torch.rand(batch, channels, size, size, device=device) * 255).round() / 255
        x = x.round() if self.binary else x
        shape = (batch, self.maps, size, size) if self.maps > 1 else (batch, channels, size, size)
        made = []
        for name, link in self.parameters.items():
            own = (batch, 3, self.maps, size, size) if self.colour and name != "logits" else shape
            made.append(link(torch.randn(own, device=device)).requires_grad_())
        return x, *made


def positive(raw: Tensor) -> Tensor:
    return F.softplus(raw - 1) + 1e-3


def unit(raw: Tensor) -> Tensor:
    return torch.sigmoid(raw)


LOCATION_SCALE = {"loc": unit, "scale": positive}
CONCENTRATIONS = {
    "concentration1": lambda raw: raw.exp() + 0.1,
    "concentration0": lambda raw: raw.exp() + 0.1,
}


def ours(cls: type, **options: object) -> Callable[..., Tensor]:
    return lambda x, *parameters: cls(*parameters, **options, **OFF).log_prob(x)


def squeezed(x: Tensor, squeeze: float = 0.1) -> Tensor:
    return squeeze + (1 - 2 * squeeze) * x


def sigmoid_of(base: type) -> Callable[..., Tensor]:
    """A transformed distribution of torch, at the squeezed pixel, with the Jacobian of the squeeze."""

    def log_prob(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
        d = td.TransformedDistribution(base(loc, scale, **OFF), td.SigmoidTransform(), **OFF)
        return d.log_prob(squeezed(x)) + math.log(0.8)

    return log_prob


def on_squeezed(cls: type) -> Callable[..., Tensor]:
    return lambda x, a, b: cls(a, b, **OFF).log_prob(squeezed(x)) + math.log(0.8)


def truncated_by_cdf(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    d = td.Normal(loc, scale, **OFF)
    return d.log_prob(x) - (d.cdf(torch.ones_like(x)) - d.cdf(torch.zeros_like(x))).log()


def censored_by_cdf(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    d = td.Normal(loc, scale, **OFF)
    black, white = d.cdf(torch.zeros_like(x)).log(), (1 - d.cdf(torch.ones_like(x))).log()
    return torch.where(x == 0, black, torch.where(x == 1, white, d.log_prob(x)))


def normal_bins(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """The difference of distribution functions with the floor 1e-12, as in diffusion models."""
    d = td.Normal(loc, scale, **OFF)
    above = torch.where(x > 0.999, 1.0, d.cdf(x + 0.5 / 255))
    below = torch.where(x < 0.001, 0.0, d.cdf(x - 0.5 / 255))
    return (above - below).clamp(min=1e-12).log()


def pixelcnn_bins(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """The bins of PixelCNN++: a difference where it is large, the density times the width elsewhere."""
    log_scale = scale.log().clamp(min=-7.7)
    inverse = torch.exp(-log_scale)
    centred = x - loc
    plus, minus = inverse * (centred + 0.5 / 255), inverse * (centred - 0.5 / 255)
    mass = torch.sigmoid(plus) - torch.sigmoid(minus)
    middle = inverse * centred
    density = middle - log_scale - 2 * F.softplus(middle) - math.log(255)
    inner = torch.where(mass > 1e-5, mass.clamp(min=1e-12).log(), density)
    right = torch.where(x > 0.999, -F.softplus(minus), inner)
    return torch.where(x < 0.001, plus - F.softplus(plus), right)


def last(parameter: Tensor, axis: int = 1) -> Tensor:
    return parameter.movedim(axis, -1)


def categorical_peer(x: Tensor, logits: Tensor) -> Tensor:
    return -F.cross_entropy(logits, (x[:, 0] * 255).round().long(), reduction="none")


def mixture_ours(x: Tensor, *parameters: Tensor) -> Tensor:
    return vl.LogisticMixture(*map(last, parameters), **OFF).log_prob(x[:, 0])


def mixture_peer(x: Tensor, logits: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    return (logits.log_softmax(1) + pixelcnn_bins(x, loc, scale)).logsumexp(1)


def colour_ours(x: Tensor, logits: Tensor, *others: Tensor) -> Tensor:
    others = (parameter.permute(0, 3, 4, 2, 1) for parameter in others)
    return vl.RGBLogisticMixture(last(logits), *others, **OFF).log_prob(last(x))


def colour_peer(x: Tensor, logits: Tensor, loc: Tensor, scale: Tensor, coefficients: Tensor) -> Tensor:
    x = x.unsqueeze(2)
    red, green = x[:, 0] - 0.5, x[:, 1] - 0.5
    c0, c1, c2 = coefficients.unbind(1)
    loc = torch.stack([loc[:, 0], loc[:, 1] + c0 * red, loc[:, 2] + c1 * red + c2 * green], dim=1)
    return (logits.log_softmax(1) + pixelcnn_bins(x, loc, scale).sum(1)).logsumexp(1)


def raw(values: Tensor) -> Tensor:
    return values


CASES = [
    Case(
        "gaussian",
        LOCATION_SCALE,
        ours(vl.Gaussian),
        lambda x, loc, scale: td.Normal(loc, scale, **OFF).log_prob(x),
        "torch Normal",
    ),
    Case(
        "laplace",
        LOCATION_SCALE,
        ours(vl.Laplace),
        lambda x, loc, scale: td.Laplace(loc, scale, **OFF).log_prob(x),
        "torch Laplace",
    ),
    Case(
        "student_t",
        {"df": lambda raw: raw.exp() * 4, **LOCATION_SCALE},
        ours(vl.StudentT),
        lambda x, *parameters: td.StudentT(*parameters, **OFF).log_prob(x),
        "torch StudentT",
    ),
    Case(
        "bernoulli",
        {"logits": raw},
        ours(vl.Bernoulli),
        lambda x, logits: -F.binary_cross_entropy_with_logits(logits, x, reduction="none"),
        "F.binary_cross_entropy_with_logits",
        binary=True,
    ),
    Case(
        "continuous_bernoulli",
        {"logits": raw},
        ours(vl.ContinuousBernoulli),
        lambda x, logits: td.ContinuousBernoulli(logits=logits, **OFF).log_prob(x),
        "torch ContinuousBernoulli",
    ),
    Case(
        "logit_normal",
        {"loc": raw, "scale": positive},
        ours(vl.LogitNormal, squeeze=0.1),
        sigmoid_of(td.Normal),
        "torch TransformedDistribution",
        squeeze=0.1,
    ),
    Case(
        "logit_laplace",
        {"loc": raw, "scale": positive},
        ours(vl.LogitLaplace, squeeze=0.1),
        sigmoid_of(td.Laplace),
        "torch TransformedDistribution",
        squeeze=0.1,
    ),
    Case("beta", CONCENTRATIONS, ours(vl.Beta, squeeze=0.1), on_squeezed(td.Beta), "torch Beta", squeeze=0.1),
    Case(
        "kumaraswamy",
        CONCENTRATIONS,
        ours(vl.Kumaraswamy, squeeze=0.1),
        on_squeezed(td.Kumaraswamy),
        "torch Kumaraswamy",
        squeeze=0.1,
    ),
    Case(
        "truncated_normal",
        LOCATION_SCALE,
        ours(vl.TruncatedNormal),
        truncated_by_cdf,
        "difference of torch cdfs",
    ),
    Case("censored_normal", LOCATION_SCALE, ours(vl.CensoredNormal), censored_by_cdf, "torch cdfs"),
    Case(
        "categorical",
        {"logits": raw},
        lambda x, logits: vl.Categorical(last(logits), **OFF).log_prob(x[:, 0]),
        categorical_peer,
        "F.cross_entropy",
        maps=256,
    ),
    Case(
        "discretized_logistic",
        LOCATION_SCALE,
        ours(vl.DiscretizedLogistic),
        pixelcnn_bins,
        "PixelCNN++ formula",
    ),
    Case(
        "discretized_normal",
        LOCATION_SCALE,
        ours(vl.DiscretizedNormal),
        normal_bins,
        "difference of torch cdfs",
    ),
    Case(
        "logistic_mixture",
        {"logits": raw, **LOCATION_SCALE},
        mixture_ours,
        mixture_peer,
        "PixelCNN++ formula",
        maps=COMPONENTS,
    ),
    Case(
        "rgb_logistic_mixture",
        {"logits": raw, **LOCATION_SCALE, "coefficients": torch.tanh},
        colour_ours,
        colour_peer,
        "PixelCNN++ formula",
        maps=COMPONENTS,
        colour=True,
    ),
]

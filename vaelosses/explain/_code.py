"""The same training in vaelosses."""

import math

from ._numbers import Numbers

__all__ = ["code"]


def code(numbers: Numbers) -> str | None:
    """Return lines that turn x, x_hat, mu and logvar into a loss; None where there is nothing to say.

    Where a sign of the loss is wrong, the lines have it right.
    """
    found = numbers.found
    if found.fit is None or found.divergence.weight is None or numbers.outside:
        return None
    family, image = found.fit.family, range(1, len(found.shape.image) + 1)
    scale = math.sqrt(numbers.reading) if numbers.parameter == "sigma2" else numbers.reading
    likelihood = family.code.format(scale=_number(scale), epsilon=_number(family.epsilon), image=tuple(image))
    lines = [f"p_x_given_z = Independent({likelihood}, {len(image)})"]
    if family.target == "clamped":
        lines.insert(0, f"x = x.clamp({_number(family.epsilon)}, 1 - {_number(family.epsilon)})")
    name = likelihood.partition("(")[0]
    if name == "Bernoulli":
        lines.insert(0, f"# It raises on grey pixels; a density of these is Continuous{likelihood}.")
    if found.divergence.verdict == "missing":
        normal, elbo = "", ""
        lines.append("loss = -p_x_given_z.log_prob(x).mean()")
    else:
        normal, elbo = ", Normal", ", elbo"
        sigma = "logvar.exp()" if found.divergence.log_sigma else "(0.5 * logvar).exp()"
        lines.append(f"q_z_given_x = Independent(Normal(mu, {sigma}), 1)")
        beta = _number(abs(numbers.beta_of_reading))
        weight = "" if beta == "1" else f", beta={beta}"
        lines.append(f"loss = -elbo(x, p_x_given_z, q_z_given_x{weight}).elbo.mean()")
    imports = [f"from torch.distributions import Independent{normal}", f"from vaelosses import {name}{elbo}"]
    return "\n".join([*imports, "", *lines])


def _number(value: float) -> str:
    return f"{value:.12g}"

"""Submissions to the assignment "gaussian", and what each deserves.

A case is the perfect submission with other answers in it; the points of the whole; and the test cells that
take points away, each with a part of the sentence that the student reads.
"""

Case = tuple[dict[str, str], int, dict[str, str]]

LOSS = {  # the right answers to questions 1 and 2
    "nll_half": "2 * SSE + D / 2 * sp.log(sp.pi / 2)",
    "unit_change": "D * sp.log(s)",
    "zero_sigma": "1 / sp.sqrt(2 * sp.pi)",
    "bits": "L / D / sp.log(2) + 5",
}
BEST = {
    "best_variance": "(a**2 + 3 * b**2) / 4",
    "best_nll": "D / 2 * sp.log(2 * sp.pi * sp.E * m)",
    "channel_gain": "sp.log((m1 + m2 + m3) / 3) / 2 - sp.log(m1 * m2 * m3) / 6",
    "wrong_cost": "(1 / m - 1 + sp.log(m)) / 2",
}


def loss(**wrong: str) -> str:
    return "\n".join(f"{name} = {expression}" for name, expression in (LOSS | wrong).items())


def best(**wrong: str) -> str:
    return "\n".join(f"{name} = {expression}" for name, expression in (BEST | wrong).items())


def nll(body: str) -> str:
    return f"def gaussian_nll(value, loc, log_scale):\n    half = math.log(2 * math.pi) / 2\n    {body}"


def picked(body: str) -> str:
    return f"""\
def profiled_nll(target, mean, per_channel=False):
    e2, D = (target - mean)**2, target[0].numel()
    v = e2.mean((0, 2, 3)) if per_channel else e2.mean()
    {body}
"""


def two_steps(value: str) -> str:
    return f"def weighted_sse(target, mean):\n    e2 = (target - mean)**2\n    return {value}"


def profiled(body: str) -> str:
    return f"def profiled(x, mean, kl):\n    e2, D = (x - mean)**2, x[0].numel()\n    {body}"


def experiment(
    value: str = "e2 / 2 * (-2 * log_scale).exp() + log_scale",
    start: str = "images.std().log().item()",
    reduced: str = "nll.flatten(1).sum(1).mean() + kl.mean()",
    returned: str = "log_scale.exp().item()",
) -> str:
    return f"""\
def experiment(images):
    log_scale = torch.tensor({start}, requires_grad=True)
    def loss(x, mean, kl):
        e2 = (x - mean)**2
        nll = {value}
        return {reduced}
    found = train(images, loss, log_scale)
    return {returned}
"""


CASES: dict[str, Case] = {
    "perfect": ({}, 20, {}),
    "other_forms": (
        {
            "q1": "nll_half = SSE / (2 * 0.5**2) + D * sp.log(0.5 * sp.sqrt(2 * sp.pi))\n"
            "unit_change = D / 2 * (sp.log(s**2 / 4) + sp.log(4))\n"
            "zero_sigma = 0.3989422804014327\n"
            "bits = (L + D * math.log(32)) / (D * math.log(2))",
            "q2": "best_variance = 0.25 * a**2 + 0.75 * b**2\n"
            "best_nll = D * (sp.log(m) + sp.log(2 * sp.pi) + 1) / 2\n"
            "channel_gain = sum(sp.log((m1 + m2 + m3) / (3 * c)) for c in (m1, m2, m3)) / 6\n"
            "wrong_cost = sp.Rational(1, 2) * (1 - m + m * sp.log(m)) / m",
            "q3": nll("z = (value - loc) / torch.exp(log_scale)\n    return half + log_scale + z**2 / 2"),
            "q4a": picked(  # not detached, and right: the derivative by v vanishes at the best v
                "shaped = v.view(1, -1, 1, 1).expand_as(e2)\n"
                "    density = torch.distributions.Normal(mean, shaped.sqrt())\n"
                "    return -density.log_prob(target).sum() / len(e2)",
            ),
            "q4b": two_steps("e2.flatten(1).sum(1).mean() / 2 / torch.tensor(e2.mean().item())"),
            "q5a": "def profiled(x, mean, kl):\n"
            '    p = GaussianHead(scale="optimal").train()(mean, x)\n'
            "    return (kl - p.log_prob(x)).mean()",
            "q5b": experiment(start="(images - images.mean(0)).square().mean().log().item() / 2"),
        },
        20,
        {},
    ),
    "lost_half": (
        {
            "q1": loss(
                nll_half="4 * SSE + D / 2 * sp.log(sp.pi / 2)",
                unit_change="2 * D * sp.log(s)",
            ),
            "q2": best(
                best_variance="(a**2 + 3 * b**2) / 2",
                best_nll="D * sp.log(2 * sp.pi * sp.E * m)",
                channel_gain="sp.log((m1 + m2 + m3) / 3) - sp.log(m1 * m2 * m3) / 3",
                wrong_cost="1 / m - 1 + sp.log(m)",
            ),
            "q3": nll("return ((value - loc) * (-log_scale).exp())**2 + log_scale + half"),
            "q4a": picked(
                "return D * (2 * math.pi * math.e * v).log().mean()",
            ),
            "q4b": two_steps("e2.sum() / e2.mean().detach() / len(e2)"),
            "q5a": profiled("return D * e2.mean().log() + kl.mean()"),
            "q5b": experiment("e2 * (-2 * log_scale).exp() + log_scale"),
        },
        6,
        {
            "q1_value": "you lost the 2 of SSE/(2σ²)",
            "q1_unit": "but ½ log σ² stands in the loss",
            "q2_variance": "½ log σ² + r²/σ², which lacks a ½",
            "q2_nll": "½ log σ² has a ½",
            "q2_channels": "has the weight ½, and yours has 1",
            "q2_cost": "both ½ of the NLL are missing",
            "q3_value": "the ½ of the squared error is missing",
            "q3_density": "integrates to 0.7071 instead of 1",
            "q3_gradient": "the gradient with respect to value is",
            "q4_one": "½ log σ² has a ½, and so have the constants",
            "q4_channels": "½ log σ² has a ½, and so have the constants",
            "q4_steps": "the gradient is 2 times that of the NLL",
            "q5_profiled": "the reconstruction weighs too much",
            "q5_learned": "Is the ½ of the squared error there?",
        },
    ),
    "constants_dropped": (
        {
            "q1": loss(
                nll_half="2 * SSE",
                unit_change="0",
                zero_sigma="1",
                bits="L / (D * sp.log(2))",
            ),
            "q2": best(
                best_nll="D / 2 * sp.log(m)",
                channel_gain="0",
                wrong_cost="(1 / m - 1) / 2",
            ),
            "q3": nll("return ((value - loc) * (-log_scale).exp())**2 / 2 + log_scale"),
            "q4a": picked("return D / 2 * v.log().mean()"),
            "q5b": "def experiment(images):\n    return train(images, at_sigma_one)[1] ** 0.5",  # not learned
        },
        7,
        {
            "q1_value": "the NLL also has a part without SSE",
            "q1_unit": "in SSE/(2σ²) the unit cancels; does it in the rest?",
            "q1_zero": "a constant remains",
            "q1_bits": "a bin is 1/32 wide, and that counts too",
            "q2_nll": "the constants are missing",
            "q2_channels": "the logarithms are not",
            "q2_cost": "log σ differs too",
            "q3_value": "0.9189 too small at every point. Look at the constant terms",
            "q3_density": "integrates to 2.507 instead of 1",
            "q4_one": "the constants are missing",
            "q4_channels": "the constants are missing",
            "q5_learned": "train got no log_scale",
            "q5_start": "train got no log_scale",
        },
    ),
    "variance_for_scale": (
        {
            "q1": loss(
                nll_half="SSE + D / 2 * sp.log(sp.pi)",
                unit_change="D / 2 * sp.log(s)",
                zero_sigma="1 / (2 * sp.pi)",
                bits="L / D + 5",
            ),
            "q2": best(
                best_variance="sp.sqrt((a**2 + 3 * b**2) / 4)",
                best_nll="D / 2 * sp.log(2 * sp.pi * sp.E * m**2)",
                channel_gain="sp.log((sp.sqrt(m1) + sp.sqrt(m2) + sp.sqrt(m3)) / 3)"
                " - sp.log(m1 * m2 * m3) / 6",
                wrong_cost="0",
            ),
            "q3": nll("return (value - loc)**2 / log_scale.exp() / 2 + log_scale / 2 + half"),
            "q4a": picked(
                "density = torch.distributions.Normal(mean, v.view(1, -1, 1, 1).expand_as(e2))\n"
                "    return -density.log_prob(target).sum() / len(e2)",
            ),
            "q4b": two_steps("e2.sum() / (2 * e2.mean().sqrt().detach()) / len(e2)"),
            "q5b": experiment("e2 / 2 * (-log_scale).exp() + log_scale / 2"),
        },
        2,
        {
            "q1_value": "you took ½ for σ²; it is σ",
            "q1_unit": "log σ grows by all of log s",
            "q1_zero": "that is σ²; σ is asked for",
            "q1_bits": "change the nats first",
            "q2_variance": "that is σ; σ² is asked for",
            "q2_nll": "you have ½ log σ⁴",
            "q2_channels": "not the standard deviations",
            "q2_cost": "that would hold for Normal(mean, sqrt(m))",
            "q3_value": "you took log_scale as log σ²",
            "q3_density": "",
            "q3_gradient": "the gradient with respect to value is",
            "q3_extremes": "at log σ = -9",
            "q4_one": "you took σ² for σ",
            "q4_channels": "you took σ² for σ",
            "q4_steps": "times that of the NLL at the best σ",
            "q5_learned": "is log_scale log σ² in your loss?",
            "q5_start": "Has it arrived?",
        },
    ),
    "upside_down": (
        {
            "q1": loss(
                nll_half="SSE / 8 + D / 2 * sp.log(sp.pi / 2)",
                unit_change="-D * sp.log(s)",
                zero_sigma="sp.sqrt(2 * sp.pi)",
                bits="L / (D * sp.log(2)) - 5",
            ),
            "q2": best(
                best_variance="4 / (a**2 + 3 * b**2)",
                channel_gain="sp.log(m1 * m2 * m3) / 6 - sp.log((m1 + m2 + m3) / 3) / 2",
                wrong_cost="(m - 1 - sp.log(m)) / 2",
            ),
            "q3": nll("return ((value - loc) * (-log_scale).exp())**2 / 2 - log_scale + half"),
            "q4a": picked("return D / 2 * (2 * math.pi * math.e * v).log().sum()"),
            "q5b": experiment("e2 / 2 * (-2 * log_scale).exp() - log_scale"),
        },
        5,
        {
            "q1_value": "you multiply by σ²",
            "q1_unit": "the sign is wrong",
            "q1_zero": "the sign is lost",
            "q1_bits": "a narrower bin has less probability",
            "q2_variance": "that is 1/σ²: turn it over",
            "q2_channels": "that is what the single σ saves",
            "q2_cost": "your ratio is upside down",
            "q3_value": "the sign of log σ is wrong",
            "q3_density": "what must a density be divided by?",
            "q3_gradient": "the gradient with respect to log_scale is",
            "q3_extremes": "at log σ = -9",
            "q4_channels": "you count each C times",
            "q5_learned": "nothing keeps σ small",
            "q5_start": "Has it arrived?",
        },
    ),
    "sum_for_mean": (
        {
            "q1": loss(
                nll_half="2 * SSE + sp.log(sp.pi / 2) / 2",
                unit_change="sp.log(s)",
                bits="L / sp.log(2) + 5 * D",
            ),
            "q2": best(
                best_variance="a**2 + 3 * b**2",
                best_nll="D / 2 * sp.log(2 * sp.pi * sp.E * D * m)",
                channel_gain="sp.log(m1 + m2 + m3) / 2 - sp.log(m1 * m2 * m3) / 6",
                wrong_cost="D * (1 / m - 1 + sp.log(m)) / 2",
            ),
            "q3": nll("return (((value - loc) * (-log_scale).exp())**2 / 2 + log_scale + half).sum()"),
            "q4a": picked(
                "v = e2.sum((0, 2, 3)) if per_channel else e2.sum()\n"
                "    return D / 2 * (2 * math.pi * math.e * v).log().mean()",
            ),
            "q4b": two_steps("e2.sum() / (2 * e2.sum().detach()) / len(e2)"),
            "q5a": profiled("return D / 2 * (D * e2.mean()).log() + kl.mean()"),  # a constant, and right
        },
        8,
        {
            "q1_value": "each of the D values pays",
            "q1_unit": "the image has D",
            "q1_bits": "per value is asked for",
            "q2_variance": "that is the sum of the squares",
            "q2_nll": "the mean squared error, not the sum",
            "q2_channels": "a mean, not a sum",
            "q2_cost": "per value is asked for",
            "q3_value": "one for each value, got []",
            "q3_density": "values broadcast, got []",
            "q4_one": "you took their sum",
            "q4_channels": "not their sum",
            "q4_steps": "times that of the NLL at the best σ",
        },
    ),
    "mean_for_sum": (
        {
            "q1": loss(
                nll_half="SSE / 2 + D / 2 * sp.log(2 * sp.pi)",
                bits="L / (D * sp.log(2)) + 5 / D",
            ),
            "q2": best(
                best_variance="((a + 3 * b) / 4)**2",
                best_nll="sp.log(2 * sp.pi * sp.E * m) / 2",
                channel_gain="sp.log((m1 + m2 + m3) / 3) / 2 - sp.log(m1 * m2 * m3) / 2",
            ),
            "q4a": picked("return (2 * math.pi * math.e * v).log().mean() / 2"),
            "q5a": profiled("return e2.mean().log() / 2 + kl.mean()"),
            "q5b": experiment(reduced="nll.mean() + kl.mean()"),
        },
        10,
        {
            "q1_value": "that is at σ = 1",
            "q1_bits": "so 5 is per value",
            "q2_variance": "the mean of the squares",
            "q2_nll": "the image has D",
            "q2_channels": "each channel has a third of the values",
            "q4_one": "that is per value: sum over the values",
            "q4_channels": "that is per value: sum over the values",
            "q5_profiled": "no latent is used",
            "q5_units": "no latent is used",
            "q5_learned": "σ is right, but KL is",
        },
    ),
    "naive_in_float32": (  # right on paper
        {
            "q1": loss(
                nll_half="2 * SSE + D * sp.log(2) + D / 2 * sp.log(2 * sp.pi)", bits="L / (D * sp.log(2)) + 8"
            ),
            "q2": best(best_variance="(a**2 + 3 * b**2) / 3", wrong_cost="sp.log(m) / 2"),
            "q3": nll(
                "variance = (2 * log_scale).exp()\n"
                "    return (value - loc)**2 / (2 * variance) + variance.log() / 2 + half"
            ),
            "q4a": picked(
                'head = GaussianHead(target.shape[1], scale="optimal")\n'
                "    return -head(mean, target).log_prob(target).mean()"
            ),
            "q5b": experiment(start="0.0"),
        },
        11,
        {
            "q1_value": "so log σ is negative: its sign is wrong",
            "q1_bits": "8 bits are those of 256 levels",
            "q2_variance": "divide by 4",
            "q2_cost": "that is the part of log σ alone",
            "q3_extremes": "does σ² leave the range of float32",
            "q4_one": "write it yourself: the library's head",
            "q4_channels": "write it yourself: the library's head",
            "q5_start": "What do you know of σ before training?",
        },
    ),
    "clamped": (
        {
            "q1": loss(nll_half="2 * SSE - D * sp.log(2)", bits="5 - L / (D * sp.log(2))"),
            "q2": best(
                best_variance="(a**2 + 3 * b**2) / 4 - (a + b)**2 / 16",
                best_nll="D / 2 * sp.log(2 * sp.pi * m)",
                wrong_cost="(1 / m + sp.log(m)) / 2",
            ),
            "q3": nll(
                "t = log_scale.clamp(-6, 6)\n    return ((value - loc) * (-t).exp())**2 / 2 + t + half"
            ),
            "q4a": picked(
                "v = (target - mean).var(correction=0)\n    return D / 2 * (2 * math.pi * math.e * v).log()"
            ),
            "q5a": profiled("return D / 2 * (e2.mean() + 1e-6).log() + kl.mean()"),
        },
        10,
        {
            "q1_value": "the constant of 2π is missing",
            "q1_bits": "L is minus the logarithm already",
            "q2_variance": "do not subtract the mean residual",
            "q2_nll": "SSE/(2σ²) is not zero",
            "q2_cost": "subtract it too",
            "q3_extremes": "is σ clamped",
            "q4_one": "subtract no mean",
            "q4_channels": "you take one σ for all channels",
            "q5_units": "σ does not follow the residuals",
        },
    ),
    "a_sigma_for_each_image": (
        {
            "q1": loss(
                nll_half="SSE + D / 2 * sp.log(sp.pi / 2)", zero_sigma="0", bits="L / D + 5 * sp.log(2)"
            ),
            "q2": best(
                best_variance="(a**2 + 3 * b**2 - (a + b)**2 / 4) / 3",
                best_nll="D / 2 * (sp.log(m) + 1)",
                channel_gain="3 * sp.log((m1 + m2 + m3) / 3) / 2 - sp.log(m1 * m2 * m3) / 2",
                wrong_cost="(1 - 1 / m - sp.log(m)) / 2",
            ),
            "q3": nll("return -vaelosses.Gaussian(loc, log_scale.exp()).log_prob(value)"),
            "q4a": picked(
                "v = e2.mean((2, 3)) if per_channel else e2.mean((1, 2, 3))\n"
                "    return D / 2 * (2 * math.pi * math.e * v).log().mean()",
            ),
            "q4b": two_steps("(e2.sum((1, 2, 3)) / (2 * e2.mean((1, 2, 3)).detach())).mean()"),
            "q5a": profiled("return (D / 2 * e2.flatten(1).mean(1).log() + kl).mean()"),
        },
        4,
        {
            "q1_value": "you divide by σ: the squared error is divided by σ²",
            "q1_zero": "a density has no largest value",
            "q1_bits": "that is in nats; bits are asked for",
            "q2_variance": "do not subtract the mean residual, and divide by 4",
            "q2_nll": "the constant of 2π is missing",
            "q2_channels": "that is for three values",
            "q2_cost": "the sign is wrong",
            "q3_value": "write it yourself: the library's Gaussian",
            "q3_density": "write it yourself",
            "q3_gradient": "write it yourself",
            "q3_extremes": "write it yourself",
            "q4_one": "you give each image a σ of its own",
            "q4_channels": "you give each image its own σ too",
            "q4_steps": "you give each image a σ of its own",
            "q5_profiled": "the reconstruction weighs too much",
        },
    ),
    "detach": (  # where it must not be, and not where it must
        {
            "q1": loss(
                nll_half="2 * SSE + D / 2 * sp.log(2 * sp.pi)",
                zero_sigma="1 / sp.sqrt(2 * sp.pi * sp.E)",
                bits="L * sp.log(2) / D + 5",
            ),
            "q2": best(
                best_variance="(a + 3 * b) / 4",
                best_nll="D / 2 * (sp.log(2 * sp.pi * m) + 2)",
                channel_gain="sp.log((m1 + m2 + m3) / 3) - sp.log(m1 * m2 * m3) / 6",
                wrong_cost="(1 / m - 1) / 2 + sp.log(m)",
            ),
            "q3": nll(
                "scale = torch.tensor(log_scale.exp().tolist(), dtype=log_scale.dtype)\n"
                "    return ((value - loc) / scale)**2 / 2 + log_scale + half"
            ),
            "q4a": picked(
                "return D / 2 * (2 * math.pi * math.e * v.detach()).log().mean() + 0 * mean.sum()",
            ),
            "q4b": two_steps("e2.sum() / (2 * e2.mean()) / len(e2)"),
            "q5a": profiled("return e2.sum() / (2 * e2.mean()) / len(x) + kl.mean()"),
            "q5b": experiment("e2 / 2 * math.exp(-2 * log_scale.item()) + log_scale.item()"),
        },
        3,
        {
            "q1_value": "log σ is missing from the constants",
            "q1_zero": "that holds at the best σ",
            "q1_bits": "a nat is more than a bit",
            "q2_variance": "absolute values are for the Laplace",
            "q2_nll": "and you have D",
            "q2_channels": "½ log of the single variance",
            "q2_cost": "½ log m at the best σ",
            "q3_gradient": "the gradient with respect to log_scale is 1 instead of",
            "q3_extremes": "the gradient with respect to log_scale is",
            "q4_one": "no gradient arrives at mean",
            "q4_channels": "no gradient arrives at mean",
            "q4_steps": "Which of the two may the decoder feel?",
            "q5_profiled": "no latent is used",
            "q5_units": "no latent is used",
            "q5_learned": "training did not move log_scale",
            "q5_start": "training did not move log_scale",
        },
    ),
    "typed_numbers": (  # σ = 0.0975 is right for the digits in [0, 1]
        {
            "q1": loss(
                nll_half="2 * SSE + 392 * sp.log(sp.pi / 2)",
                unit_change="784 * sp.log(255)",
                zero_sigma="0.5",
                bits="L / 784 / math.log(2) + 5",
            ),
            "q2": best(best_variance="0.035", channel_gain="0.1", wrong_cost="0.318"),
            "q3": nll("return torch.full_like(value, 0.9189)"),
            "q4a": picked("return torch.tensor(5.6758)"),
            "q4b": two_steps("torch.tensor(8.0, requires_grad=True)"),
            "q5a": profiled("return e2.sum() / (2 * 0.0095) / len(x) + kl.mean()"),
            "q5b": "def experiment(images):\n    return 0.0975",
        },
        1,
        {
            "q1_value": "Take minus the logarithm",
            "q1_unit": "Write the NLL with",
            "q1_zero": "when is its logarithm 0?",
            "q1_bits": "times the widths of D bins",
            "q2_variance": "Write the NLL of the four values",
            "q2_channels": "Write the NLL per value",
            "q2_cost": "Which σ² does it claim?",
            "q3_value": "the value is",
            "q3_density": "",
            "q3_gradient": "no gradient comes back to log_scale",
            "q3_extremes": "at log σ = -9, with a residual of 0 σ, the loss is 0.9189",
            "q4_one": "the value is wrong",
            "q4_channels": "the value is wrong",
            "q4_steps": "its gradient is zero",
            "q5_profiled": "the reconstruction weighs too much",
            "q5_units": "no latent is used",
            "q5_learned": "nothing was trained",
            "q5_start": "nothing was trained",
        },
    ),
    "no_log_sigma": (  # "the constants do not matter", where they do; the rest printed, or of a wrong type
        {
            "q1": """nll_half = "2*SSE"
unit_change, zero_sigma, bits = sp.Eq(s, D), [0.4], sp.Symbol("n")""",
            "q2": best(
                best_variance="(a**2 + 3 * b**2) / 8",
                best_nll="D / 2 * (m + sp.log(2 * sp.pi))",
                channel_gain="sp.log((m1 + m2 + m3) / 3) / 2 - sp.log(m1 * m2 * m3) / 3",
                wrong_cost="(1 / sp.sqrt(m) - 1 + sp.log(m) / 2) / 2",
            ),
            "q3": nll("return ((value - loc) * (-log_scale).exp())**2 / 2 + half"),
            "q4a": "def profiled_nll(target, mean, per_channel=False):\n"
            "    print((target - mean).square().mean().log())",
            "q4b": "def weighted_sse(target, mean):\n    print(mean)",
            "q5a": profiled("print(e2.mean())"),
            "q5b": experiment("e2 / 2 * (-2 * log_scale).exp() + 0 * log_scale"),
        },
        0,
        {
            "q1_value": "one sympy expression, and '2*SSE' is not",
            "q1_unit": "one sympy expression",
            "q1_zero": "one real number",
            "q1_bits": "n cannot be in the answer",
            "q2_variance": "the ½ stands in both terms",
            "q2_nll": "that is at σ = 1",
            "q2_channels": "½ log of the channels' variances",
            "q2_cost": "the ratio is that of the variances",
            "q3_value": "log σ is missing",
            "q3_density": "",
            "q3_gradient": "the gradient with respect to log_scale is",
            "q3_extremes": "at log σ",
            "q4_one": "a tensor is expected, got None",
            "q4_channels": "a tensor is expected, got None",
            "q4_steps": "AttributeError",
            "q5_profiled": "a tensor is expected, got None",
            "q5_units": "a tensor is expected, got None",
            "q5_learned": "nothing keeps σ small",
            "q5_start": "Has it arrived?",
        },
    ),
    "starts_small": (  # below the residuals, from where KL overshoots
        {
            "q5b": """\
def experiment(images):
    log_scale = (images.std() / 3).log().requires_grad_()

    def loss(x, mean, kl):
        z = (x - mean) / log_scale.exp()
        return (z.square() / 2 + log_scale).sum() / len(x) + kl.mean()

    train(images, loss, log_scale)
    return log_scale.exp().item()
"""
        },
        20,
        {},
    ),
}

"""Submissions to the assignment "reductions", and what each deserves.

A case is the perfect submission with other answers in it; the points of the whole; and the test cells that
take points away, each with a part of the sentence that the student reads.
"""

Case = tuple[dict[str, str], int, dict[str, str]]


def loss(body: str) -> str:
    return f"def vae_loss(se, kl, variance, beta):\n    {body}"


def implied(ratio: str, at_zeros: str = "loss(se, kl)") -> str:
    return f"""\
def implied_beta(loss, image_shape, latents):
    se, kl = torch.zeros(2, *image_shape).double(), torch.zeros(2, latents).double()
    constant = {at_zeros}
    a = (loss(se + 1, kl) - constant) / math.prod(image_shape)
    b = (loss(se, kl + 1) - constant) / latents
    return float({ratio})
"""


CASES: dict[str, Case] = {
    "perfect": ({}, 20, {}),
    "other_forms": (
        {
            "q1": "variance_a, variance_b = 0.05, D * w * sp.Rational(1, 2)\n"
            'variance_c, variance_d = 1 / 130050, sp.Symbol("C") / 2',
            "q2": "factor = 1 / (D / 2)\nbeta = (D**2 + D) / (2 * d * (D + 1))\nvariance_batch = 0.5 * D * B",
            "q3": loss(
                "sse = se.reshape(len(se), -1).sum()\n"
                "    return (sse / (2 * variance) + beta * kl.sum()) / len(kl)"
            ),
            "q5a": "def variance_for(eigenvalues, keep, beta):\n"
            "    levels = torch.cat([2 * eigenvalues[:1], eigenvalues, torch.zeros(1)])\n"
            "    return float(levels[keep] + levels[keep + 1]) / 2 / beta",
        },
        20,
        {},
    ),
    "lost_half": (
        {
            "q1": "variance_a, variance_b = sp.Rational(1, 10), w * D\n"
            "variance_c, variance_d = sp.Rational(1, 255**2), C",
            "q2": "factor, beta, variance_batch = 1 / D, D / d, B * D",
            "q3": loss("return (se.flatten(1).sum(1) / variance + beta * kl.sum(1)).mean()"),
            "q4": implied("b / a"),
        },
        7,
        {
            "q1_a": "you lost the 2",
            "q1_b": "you lost the 2",
            "q1_c": "you lost the 2",
            "q1_d": "you lost the 2",
            "q2_factor": "you compared it with SSE",
            "q2_beta": "you compared with SSE",
            "q2_batch": "you lost the 2",
            "q3_value": "22 is expected here, got 38",
            "q4_value": "3 is expected",
            "q4_shapes": "3 is expected",
            "q4_constant": "is expected, got",
        },
    ),
    "upside_down": (
        {
            "q1": "variance_a, variance_b = 20, 2 / (w * D)\n"
            "variance_c, variance_d = sp.Rational(255**2, 2), 2 / C",
            "q2": "factor, beta, variance_batch = D / 2, 2 * d / D, 2 / (B * D)",
            "q4": implied("2 * a / b"),
        },
        9,
        {
            "q1_a": "that is 1/σ²: turn it over",
            "q1_b": "that is 1/σ²: turn it over",
            "q1_c": "255² is upside down",
            "q1_d": "that is 1/σ²: turn it over",
            "q2_factor": "that is 1/k",
            "q2_beta": "that is 1/β",
            "q2_batch": "that is 1/σ²",
            "q4_value": "3 is expected",
            "q4_shapes": "3 is expected",
            "q4_constant": "is expected, got",
        },
    ),
    "typed_numbers": (  # D = 784 and d = 20 put in, and a loss for MNIST alone
        {
            "q1": "variance_a, variance_b = 0.05, 392 * w\nvariance_c, variance_d = 7.69e-6, 1.5",
            "q2": "factor, beta, variance_batch = 2 / 784, 19.6, 392 * B",
            "q3": loss("return (se.sum() / (2 * variance) + beta * kl.sum()) / 2"),
            "q4": "def implied_beta(loss, image_shape, latents):\n    return 3.0",
            "q5a": "def variance_for(eigenvalues, keep, beta):\n    return 1.5",
            "q5b": "def experiment(keep, beta):\n"
            "    return torch.tensor([0.45, 0.26, 0.15, 0.11, 0.06, 0.0, 0.0, 0.0])",
        },
        3,
        {
            "q1_b": "Write the loss of one image",
            "q1_c": "How does SSE in grey levels follow",
            "q1_d": "Write the loss of one image",
            "q2_factor": "Compare the weight of SSE",
            "q2_beta": "Compare the weight of KL",
            "q2_batch": "Write both terms as sums",
            "q3_value": "the value is wrong",
            "q3_batch": "has another loss",
            "q4_value": "",
            "q4_shapes": "two means",
            "q4_constant": "Subtract what the loss is at zeros",
            "q5_threshold": "survive instead of",
            "q5_ends": "survive",
            "q5_survivors": "nothing was trained",
            "q5_nats": "nothing was trained",
        },
    ),
    "mean_for_sum": (
        {"q3": loss("return se.mean() / (2 * variance) + beta * kl.mean()")},
        17,
        {"q3_value": "22 is expected here, got 3", "q3_batch": "twice as many values cost hardly more"},
    ),
    "sum_for_mean": (
        {"q3": loss("return se.sum() / (2 * variance) + beta * kl.sum()")},
        17,
        {"q3_value": "22 is expected here, got 44", "q3_batch": "a batch that holds each image twice"},
    ),
    "mean_over_latents": (
        {"q3": loss("return (se.flatten(1).sum(1) / (2 * variance) + beta * kl.mean(1)).mean()")},
        18,
        {"q3_value": "22 is expected here, got 18"},
    ),
    "one_divergence_for_the_batch": (
        {"q3": loss("return se.flatten(1).sum(1).mean() / (2 * variance) + beta * kl.sum()")},
        17,
        {"q3_value": "22 is expected here, got 28", "q3_batch": "a batch that holds each image twice"},
    ),
    "forgotten_beta": (
        {
            "q3": loss("return (se.flatten(1).sum(1) / (2 * variance) + kl.sum(1)).mean()"),
            "q5a": "def variance_for(eigenvalues, keep, beta):\n"
            "    levels = torch.cat([2 * eigenvalues[:1], eigenvalues, torch.zeros(1)])\n"
            "    return float(levels[keep] + levels[keep + 1]) / 2",
        },
        14,
        {
            "q3_value": "22 is expected here, got 19",
            "q5_threshold": "the threshold is β σ², and β is missing",
            "q5_ends": "survive",
            "q5_survivors": "2 latents should survive",
            "q5_nats": "theory says",
        },
    ),
    "grey_images_only": (
        {"q3": loss("return (se.sum((1, 2, 3)) / (2 * variance) + beta * kl.sum(1)).mean()")},
        19,
        {"q3_batch": "IndexError"},
    ),
    "detached": (
        {
            "q3": loss(
                "total = (se.flatten(1).sum(1) / (2 * variance) + beta * kl.sum(1)).mean()\n"
                "    return torch.tensor(total.item())"
            )
        },
        18,
        {"q3_gradient": "no gradient comes back to se", "q3_precision": "float64 in, torch.float32 out"},
    ),
    "clamped": (
        {
            "q3": loss(
                "v = max(variance, 1e-6)\n"
                "    return (se.flatten(1).sum(1) / (2 * v) + beta * kl.sum(1)).mean()"
            )
        },
        19,
        {"q3_precision": "is σ² clamped"},
    ),
    "nan": (
        {"q3": loss("return (se.flatten(1).sum(1) / (2 * variance) + beta * kl.sum(1)).mean() * math.nan")},
        15,
        {
            "q3_value": "22 is expected here, got nan",
            "q3_batch": "has another loss",
            "q3_gradient": "is nan times what your loss says",
            "q3_precision": "the loss is nan",
        },
    ),
    "prints": (
        {
            "q3": loss("print((se.flatten(1).sum(1) / (2 * variance) + beta * kl.sum(1)).mean())"),
            "q5b": "def experiment(keep, beta):\n"
            "    print(train_linear(digits, variance_for(eigenvalues, keep, beta), beta))",
        },
        13,
        {
            "q3_value": "a tensor is expected, got None",
            "q3_batch": "AttributeError",
            "q3_gradient": "AttributeError",
            "q3_precision": "AttributeError",
            "q5_survivors": "a tensor of divergences is expected, got None",
            "q5_nats": "a tensor of divergences is expected, got None",
        },
    ),
    "renamed_function": (
        {"q4": implied("b / (2 * a)").replace("implied_beta", "hidden_beta")},
        16,
        {
            "q4_value": "name 'implied_beta' is not defined",
            "q4_shapes": "name 'implied_beta' is not defined",
            "q4_constant": "name 'implied_beta' is not defined",
        },
    ),
    "constant_forgotten": (
        {"q4": implied("b / (2 * a)", at_zeros="0.0")},
        19,
        {"q4_constant": "Subtract what the loss is at zeros"},
    ),
    "at_ones": (  # compares the two terms and forgets how many numbers each sums
        {
            "q4": "def implied_beta(loss, image_shape, latents):\n"
            "    se, kl = torch.zeros(1, *image_shape), torch.zeros(1, latents)\n"
            "    zero = loss(se, kl)\n"
            "    return float((loss(se, kl + 1) - zero) / (loss(se + 1, kl) - zero) / 2)"
        },
        16,
        {"q4_value": "3 is expected", "q4_shapes": "3 is expected", "q4_constant": "is expected, got"},
    ),
    "wrong_types": (
        {
            "q1": 'variance_a, variance_b, variance_c = "1/20", "w*D/2", [1]\n'
            'variance_d = sp.Symbol("c") / 2',
            "q2": "factor = sp.Integral(2 / D**2, (D, D, sp.oo))\n"
            "beta = sp.Eq(d, D)\nvariance_batch = lambda B: B",
        },
        13,
        {
            "q1_a": "one sympy expression, and '1/20' is not",
            "q1_b": "one sympy expression",
            "q1_c": "one sympy expression",
            "q1_d": "c cannot be in the answer",
            "q2_factor": "carry out the integral",
            "q2_beta": "one sympy expression",
            "q2_batch": "one sympy expression",
        },
    ),
    "one_too_many": (
        {
            "q5a": "def variance_for(eigenvalues, keep, beta):\n"
            "    levels = torch.cat([eigenvalues, torch.zeros(2)])\n"
            "    return float(levels[keep] + levels[keep + 1]) / 2 / beta",
        },
        18,
        {"q5_threshold": "for eigenvalues 4, 2, 1", "q5_ends": "survive"},
    ),
    "theory_for_experiment": (  # no training, and the right numbers
        {
            "q5b": "def experiment(keep, beta):\n"
            "    level = beta * variance_for(eigenvalues, keep, beta)\n"
            "    return (eigenvalues / level).log().clamp(min=0) / 2"
        },
        18,
        {"q5_survivors": "nothing was trained", "q5_nats": "nothing was trained"},
    ),
    "as_numpy": (
        {
            "q5b": "def experiment(keep, beta):\n"
            "    kl = train_linear(digits, variance_for(eigenvalues, keep, beta), beta)\n"
            "    return np.sort(kl.numpy())[::-1]"
        },
        20,
        {},
    ),
    "for_mnist_alone": (
        {
            "q4": implied("b / (2 * a)")
            .replace("math.prod(image_shape)", "784")
            .replace("/ latents", "/ 20"),
        },
        19,
        {"q4_shapes": "3 is expected"},
    ),
}

"""Submissions to the assignment "discretized_logistic", and what each deserves.

A case is the perfect submission with other answers in it; the points of the whole; and the test cells that
take points away, each with a part of the sentence that the student reads.
"""

Case = tuple[dict[str, str], int, dict[str, str]]

STABLE = "F.logsigmoid(a) + F.logsigmoid(-b) + torch.log(-torch.expm1(b - a))"
NAIVE = "torch.log(torch.sigmoid(a) - torch.sigmoid(b))"
INSIDE = "torch.logsumexp(logits.log_softmax(1) + each.sum(2), 1)"


def pencil(mass: str, lost: str, centre: str, scale: str) -> str:
    """The expressions may use G, the distribution function."""
    return f"""\
def G(t):
    return 1 / (1 + sp.exp(-(t - m) / s))


half = sp.Rational(1, 2)
mass, lost = {mass}, {lost}
centre, scale_one_bit = {centre}, {scale}
"""


def grey(inner: str = STABLE, *, half: str = "0.5", last: str = "num_levels - 1") -> str:
    return f"""\
def log_mass(level, loc, scale, num_levels):
    h = {half}
    a, b = (level + h - loc) / scale, (level - h - loc) / scale
    inner = {inner}
    inner = torch.where(level == {last}, F.logsigmoid(-b), inner)
    return torch.where(level == 0, F.logsigmoid(a), inner)
"""


def grey_without_ends(inner: str) -> str:
    return f"""\
def log_mass(level, loc, scale, num_levels):
    a, b = (level + 0.5 - loc) / scale, (level - 0.5 - loc) / scale
    return {inner}
"""


def sampler(level: str, t: str = "loc + scale * torch.logit(u)") -> str:
    return f"def draw(u, loc, scale, num_levels):\n    t = {t}\n    return {level}"


def colour(green: str = "c0 * r", blue: str = "c1 * r + c2 * g", mixed: str = INSIDE) -> str:
    return f"""\
def rgb_log_prob(pixels, logits, loc, scale, coefficients, num_levels):
    r, g, b = pixels[:, None].unbind(2)
    c0, c1, c2 = coefficients.unbind(2)
    moved = loc + torch.stack([0 * c0, {green}, {blue}], 2)
    each = level_log_prob(pixels[:, None], moved, scale, num_levels)
    return {mixed}
"""


def bits(body: str) -> str:
    return f"def bits_per_dim(log_prob, shape):\n    return {body}"


def predicted(body: str) -> str:
    return f"""\
def predicted_saving(pixels):
    v = torch.cov(pixels.T)
    full, apart = v.logdet() / 2, v.diag().log().sum() / 2
    return {body}
"""


def saving(body: str) -> str:
    return f"""\
def experiment(pixels):
    without, linked = (-fit_pixels(pixels, c).mean() / math.log(8) for c in (False, True))
    return {body}
"""


def control(body: str) -> str:
    return f"def unrelated(pixels):\n    return {body}"


CASES: dict[str, Case] = {
    "perfect": ({}, 20, {}),
    "other_forms": (
        {
            "q1": 'K, M, S, N = sp.symbols("k m s L")\n'
            "mass = sp.sinh(1 / (2 * S)) / (sp.cosh((K - M) / S) + sp.cosh(1 / (2 * S)))\n"
            "lost = 1 / (1 + sp.exp((M + 0.5) / S)) + 1 / (1 + sp.exp((N - 0.5 - M) / S))\n"
            "centre = (sp.exp(1 / (2 * S)) - 1) / (sp.exp(1 / (2 * S)) + 1)\n"
            "scale_one_bit = 1 / sp.log(9)",
            "q2": "def log_mass(level, loc, scale, num_levels):\n"
            "    c, h = torch.broadcast_tensors((level - loc) / scale, 0.5 / scale)\n"
            "    below = torch.logsumexp(torch.stack([c, -c, h, -h]), 0)\n"
            "    p = h + torch.log(-torch.expm1(-2 * h)) - below\n"
            "    p = torch.where(level < num_levels - 1, p, -F.softplus(c - h))\n"
            "    return torch.where(level > 0, p, -F.softplus(-c - h))",
            "q3": sampler("torch.clamp(torch.floor(t + 0.5), min=0, max=num_levels - 1)"),
            "q4": """\
def rgb_log_prob(pixels, logits, loc, scale, coefficients, num_levels):
    logits = logits - torch.logsumexp(logits, 1, keepdim=True)
    total = 0
    for i in range(logits.shape[1]):
        r, g, b = pixels.T
        c = coefficients[:, i].T
        joint = logits[:, i]
        for x, j, move in ((r, 0, 0), (g, 1, c[0] * r), (b, 2, c[1] * r + c[2] * g)):
            joint = joint + level_log_prob(x, loc[:, i, j] + move, scale[:, i, j], num_levels)
        total = joint if i == 0 else torch.logaddexp(total, joint)
    return total
""",
            "q5a": bits("(log_prob / -math.log(2)).mean() / torch.tensor(shape).prod()"),
            "q5b": predicted("(apart - full) / math.log(8)"),
            "q5c": saving("without - linked"),
            "q5d": control("torch.stack([x[np.random.permutation(len(x))] for x in pixels.T]).T"),
        },
        20,
        {},
    ),
    "difference_of_sigmoids": (
        {
            "q2": grey(NAIVE),
            "q3": sampler("t.round().clamp(0, num_levels - 1)", "loc + scale * torch.logit(u, eps=1e-5)"),
            "q4": colour(mixed="torch.log((logits.softmax(1) * each.sum(2).exp()).sum(1))"),
        },
        15,
        {
            "q2_tails": "Both sigmoids are the same number in float32",
            "q2_scales": "does something overflow",
            "q2_sum": "A NaN in the branch that torch.where does not take",
            "q3_tails": "is u clipped?",
            "q4_tails": "Stay with logarithms",
        },
    ),
    "closed_ends": (
        {
            "q1": pencil("G(k + half) - G(k - half)", "sp.Integer(0)", "sp.tanh(1 / (4 * s))", "0.455"),
            "q2": grey_without_ends(STABLE),
            "q3": sampler("t.round()"),
        },
        17,
        {
            "q1_lost": "the sum telescopes, but not to one",
            "q2_sum": "Do the first and the last level own what lies beyond them?",
            "q3_shares": "what lies beyond the ends is in the end bins",
        },
    ),
    "clamped": (
        {
            "q1": pencil(
                "G(k + half) - G(k - half)", "G(L - half) - G(-half)", "G(m + half) - half", "1 / 0.455"
            ),
            "q2": grey("torch.log((torch.sigmoid(a) - torch.sigmoid(b)).clamp(min=1e-12))"),
            "q3": sampler("t.round().clamp(0, num_levels)"),
            "q5d": control("pixels + 300 * torch.randn_like(pixels)"),
        },
        13,
        {
            "q1_lost": "that is what is left",
            "q1_centre": "that is the upper half of the bin",
            "q1_bit": "that is 1/s: turn it over",
            "q2_tails": "is something clamped, or added to the mass?",
            "q2_scales": "or is the scale clamped, or the mass?",
            "q3_shares": "what lies beyond the ends is in the end bins",
            "q5_control": "a channel does not hold the values that it held before",
        },
    ),
    "density_times_width": (  # in code only where the mass is small, as in PixelCNN++
        {
            "q1": pencil("sp.diff(G(k), k)", "1 - G(255 + half) + G(-half)", "1 / (4 * s)", "0.5"),
            "q2": grey(
                "torch.where(torch.sigmoid(a) - torch.sigmoid(b) > 1e-5,\n"
                "        torch.log((torch.sigmoid(a) - torch.sigmoid(b)).clamp(min=1e-12)),\n"
                "        F.logsigmoid((a + b) / 2) + F.logsigmoid(-(a + b) / 2) - torch.log(scale))"
            ),
            "q5a": bits("-log_prob.mean() / math.prod(shape) / math.log(2) + 8 * (math.prod(shape) > 1)"),
        },
        13,
        {
            "q1_mass": "that is density times width",
            "q1_lost": "what lies above white is lost too, and it depends on L",
            "q1_centre": "that is density times width, and it may exceed one",
            "q1_bit": "that is from density times width",
            "q2_tails": "density times width is too small in the tail",
            "q2_scales": "instead of",
            "q5_bits": "8 bits are added to a density",
        },
    ),
    "in_the_unit_interval": (
        {
            "q1": pencil(
                "G(k + half) - G(k - half)", "1 - G(L + half) + G(-half)", "sp.tanh(1 / s / 4)", "0.455 / 255"
            ),
            "q2": grey(half="0.5 / (num_levels - 1)"),
            "q3": sampler("t.round().clamp(0, num_levels - 1) / (num_levels - 1)"),
            "q4": colour(*(f"({shift}) / (num_levels - 1)" for shift in ("c0 * r", "c1 * r + c2 * g"))),
        },
        9,
        {
            "q1_lost": "the last level is L - 1, not L",
            "q1_bit": "give it in levels",
            "q2_value": "a bin is 1 wide, not 1/(L - 1)",
            "q2_gradient": "the gradient with respect to loc is",
            "q2_tails": "instead of",
            "q2_scales": "instead of",
            "q2_sum": "the masses sum to",
            "q3_value": "levels are whole numbers here",
            "q3_shares": "has a share of",
            "q3_tails": "the level is",
            "q4_chain": "you divide red and green by L - 1",
        },
    ),
    "independent_channels": (
        {
            "q2": grey("F.logsigmoid(a) + F.logsigmoid(-b)"),
            "q3": sampler("t.round().clamp(0, num_levels - 1)", "loc + scale * torch.special.ndtri(u)"),
            "q4": colour("0 * c0", "0 * c0", "(logits.log_softmax(1)[..., None] + each).logsumexp(1).sum(1)"),
            "q5b": predicted("(apart - full) / 3"),
            "q5c": saving("linked - without"),
            "q5d": control("pixels[torch.randperm(len(pixels))]"),
        },
        7,
        {
            "q2_value": "a factor that depends on the width of the bin is missing",
            "q2_gradient": "with respect to scale is",
            "q2_tails": "instead of",
            "q2_scales": "instead of",
            "q2_sum": "the masses sum to",
            "q3_value": "that is a normal distribution",
            "q3_shares": "has a share of",
            "q3_tails": "the level is",
            "q4_chain": "your channels are independent",
            "q4_mixture": "you mix each channel, and then sum the channels",
            "q5_predicted": "that is in nats: a bit is log 2 nats",
            "q5_saved": "independent channels cost more",
            "q5_control": "two of the channels still have a correlation of",
        },
    ),
    "one_end_only": (
        {
            "q1": pencil("G(k + half)", "G(-half)", "G(m + half)", "1 / math.log(3)"),
            "q2": grey("F.logsigmoid(a)"),
            "q3": sampler("t.floor().clamp(0, num_levels - 1)"),
            "q4": colour(blue="c2 * g", mixed="each.sum(2).logsumexp(1)"),
            "q5a": bits("-log_prob.mean() / shape[0] / math.log(2)"),
            "q5b": predicted("full / math.log(8)"),
            "q5c": saving("linked"),
        },
        3,
        {
            "q1_mass": "that is everything below the upper end",
            "q1_lost": "what lies above white is lost too",
            "q1_centre": "that is everything below the upper end",
            "q1_bit": "the ends of the bin are half a level from its middle",
            "q2_value": "that is for everything below the upper end",
            "q2_gradient": "with respect to loc is",
            "q2_tails": "instead of",
            "q2_scales": "instead of",
            "q2_sum": "the masses sum to",
            "q3_value": "you cut off what follows the point",
            "q3_shares": "has a share of",
            "q4_chain": "blue depends on red too",
            "q4_mixture": "the weights are missing",
            "q4_sum": "the 64 colours together have",
            "q5_bits": "divide by the number of values, not of colours",
            "q5_predicted": "that is what the full covariance costs",
            "q5_saved": "that is what pixels cost with the chain",
        },
    ),
    "next_level": (
        {
            "q1": pencil(
                "G(k + 1) - G(k)",
                "G(0) + 1 - G(L - 1)",
                "sp.tanh(1 / (2 * s))",
                "1 / (4 * math.atanh(1 / math.e))",
            ),
            "q2": "def log_mass(level, loc, scale, num_levels):\n"
            "    a, b = (level + 1 - loc) / scale, (level - loc) / scale\n"
            f"    return torch.where(level == 0, F.logsigmoid(a), {STABLE})",
            "q3": sampler("t.ceil().clamp(0, num_levels - 1)"),
            "q4": colour(blue="c1 * g + c2 * r", mixed="(each.sum(2).exp() * logits.exp()).sum(1).log()"),
            "q5a": bits("-log_prob.mean() / math.log(2)"),
            "q5b": predicted("2 * (apart - full) / math.log(8)"),
            "q5c": saving("3 * (without - linked)"),
        },
        2,
        {
            "q1_mass": "the bin of level k has the level in its middle",
            "q1_lost": "the outer bins reach half a level beyond their levels",
            "q1_centre": "half a level from its middle",
            "q1_bit": "that is where it costs one nat",
            "q2_value": "the bin of level k has the level in its middle",
            "q2_gradient": "with respect to loc is",
            "q2_tails": "instead of",
            "q2_scales": "instead of",
            "q2_sum": "the masses sum to",
            "q3_value": "you round up",
            "q3_shares": "has a share of",
            "q4_chain": "c1 times red and c2 times green",
            "q4_mixture": "the weights do not sum to one",
            "q4_sum": "the 64 colours together have",
            "q4_tails": "Stay with logarithms",
            "q5_bits": "divide by the number of values of an image",
            "q5_predicted": "you lost the 1/2 before log det",
            "q5_saved": "a pixel has three dimensions",
        },
    ),
    "the_library": (
        {
            "q2": "def log_mass(level, loc, scale, num_levels):\n"
            "    return level_log_prob(level, loc, scale, num_levels)\n\n\n"
            "def level_log_prob(level, loc, scale, num_levels):\n"
            "    u = num_levels - 1\n"
            "    p = DiscretizedLogistic(loc / u, scale / u, num_levels=num_levels)\n"
            "    return p.log_prob(level / u)",
            "q4": "def rgb_log_prob(pixels, logits, loc, scale, coefficients, num_levels):\n"
            "    u = num_levels - 1\n"
            "    a, b, c = coefficients.unbind(2)\n"
            "    loc = loc / u + torch.stack([0 * a, a, b + c], 2) / 2\n"
            "    p = RGBLogisticMixture(logits, loc, scale / u, coefficients, num_levels=num_levels)\n"
            "    return p.log_prob(pixels / u)",
            "q5c": "def experiment(pixels):\n    return predicted_saving(pixels)",
            "q5d": "def unrelated(pixels):\n"
            "    for j in range(3):\n"
            "        pixels[:, j] = pixels[torch.randperm(len(pixels)), j]\n"
            "    return pixels",
        },
        9,
        {
            "q2_value": "write it yourself",
            "q2_gradient": "write it yourself",
            "q2_tails": "write it yourself",
            "q2_scales": "write it yourself",
            "q2_sum": "write it yourself",
            "q4_chain": "write it yourself",
            "q4_mixture": "write it yourself",
            "q4_sum": "write it yourself",
            "q4_tails": "write it yourself",
            "q5_saved": "nothing was trained",
            "q5_control": "you change the pixels that are given",
        },
    ),
    "typed_numbers": (  # right for 256 levels, one component, one pixel, and the photographs shown
        {
            "q1": pencil("1 / (1 + sp.exp(-0.5)) - 1 / (1 + sp.exp(0.5))", "0.349", "sp.Integer(1)", "0.455"),
            "q2": grey(last="255"),
            "q3": sampler("t.round().clamp(0, 255)"),
            "q4": colour(mixed="each[:, 0].sum(1)"),
            "q5a": bits("-log_prob.mean() / 3 / math.log(2) * (3 if shape == (1,) else 1)"),
            "q5b": "def predicted_saving(pixels):\n    return 1.39",
            "q5c": "def experiment(pixels):\n    return 1.53",
        },
        11,
        {
            "q1_mass": "Evaluate the distribution function at both ends",
            "q1_lost": "The sum over neighbouring bins telescopes",
            "q1_centre": "the bin does not hold everything",
            "q2_sum": "32 levels",
            "q3_shares": "what lies beyond the ends is in the end bins",
            "q4_mixture": "over which do you mix?",
            "q5_bits": "divide by the number of values, not of colours",
            "q5_predicted": "the difference of two costs",
            "q5_saved": "nothing was trained",
        },
    ),
    "wrong_types": (
        {
            "q1": 'mass, lost = "tanh(1/4s)", k > m\n'
            "centre, scale_one_bit = sp.Integral(k, (k, 0, s)), [0.455]",
            "q2": grey().replace("return", "print(").rstrip() + ")\n",
            "q3": sampler("t.round().clamp(0, num_levels - 1).tolist()"),
            "q4": colour().replace("return", "log_p ="),
            "q5a": bits("").replace("return ", "print(-log_prob.mean() / math.prod(shape) / math.log(2))"),
            "q5c": saving("without, linked"),
            "q5d": control("[x[torch.randperm(len(x))] for x in pixels.T]"),
        },
        1,
        {
            "q1_mass": "one sympy expression, and 'tanh(1/4s)' is not",
            "q1_lost": "one sympy expression",
            "q1_centre": "carry out the integral",
            "q1_bit": "one real number",
            "q2_value": "a tensor is expected, got None",
            "q2_gradient": "AttributeError",
            "q2_tails": "AttributeError",
            "q2_scales": "AttributeError",
            "q2_sum": "AttributeError",
            "q3_value": "a tensor is expected",
            "q3_shares": "a tensor is expected",
            "q3_tails": "AttributeError",
            "q4_chain": "a tensor is expected, got None",
            "q4_mixture": "AttributeError",
            "q4_sum": "AttributeError",
            "q4_tails": "AttributeError",
            "q5_bits": "a number is expected, got None",
            "q5_saved": "TypeError",
            "q5_control": "a tensor is expected",
        },
    ),
    "no_gradient": (
        {
            "q1": pencil(
                "G(k + half).subs(k, k) - G(k)",
                "G(half) + 1 - G(L - 3 * half)",
                "sp.log(sp.tanh(1 / (4 * s)))",
                "0.455",
            ),
            "q2": grey("F.logsigmoid(a) + F.logsigmoid(-b) + torch.log(-torch.expm1(-1 / scale.detach()))"),
            "q3": sampler("t.round().clamp(0, num_levels - 1)", "loc - scale * torch.logit(u)"),
            "q4": colour(mixed="(logits.softmax(1) * each.sum(2)).sum(1).detach()"),
            "q5a": bits("-log_prob.sum() / math.prod(shape) / math.log(2)"),
            "q5b": predicted("apart / math.log(8)"),
            "q5c": saving("(without - linked) * math.log(2)"),
        },
        6,
        {
            "q1_mass": "Evaluate the distribution function at both ends",
            "q1_lost": "the end bins are there; they are only closed",
            "q1_centre": "that is the logarithm of the mass",
            "q2_gradient": "with respect to scale is",
            "q2_tails": "the value is right, and its gradient with respect to scale is",
            "q2_scales": "the gradient to scale is",
            "q3_value": "a larger u gives a smaller level",
            "q3_tails": "the level is",
            "q4_mixture": "you average the logarithms",
            "q4_sum": "the 64 colours together have",
            "q4_tails": "no gradient comes back to loc",
            "q5_bits": "average over the images",
            "q5_predicted": "that is what independent channels cost",
            "q5_saved": "that is in nats",
        },
    ),
    "own_names": (  # the text calls the distribution function F, and so does torch's module
        {
            "q1": """\
F = lambda t: 1 / (1 + sp.exp((m - t) / s))
half = sp.Rational(1, 2)
mass, lost = F(k + half) - F(k - half), 1 + F(-half) - F(L - half)
centre, scale_one_bit = 2 / (1 + sp.exp(-1 / (2 * s))) - 1, 0.455
""",
            "q2": """\
def log_mass(level, loc, scale, num_levels):
    from torch.nn.functional import logsigmoid

    below, above = logsigmoid((level - loc + 0.5) / scale), logsigmoid((loc - level + 0.5) / scale)
    inner = below + above + torch.log(-torch.expm1(-1 / scale))
    return torch.where(level == 0, below, torch.where(level == num_levels - 1, above, inner))
""",
        },
        20,
        {},
    ),
}

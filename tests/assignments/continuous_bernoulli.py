"""Submissions to the assignment "continuous_bernoulli", and what each deserves.

A case is the perfect submission with other answers in it; the points of the whole; and the test cells that
take points away, each with a part of the sentence that the student reads.
"""

Case = tuple[dict[str, str], int, dict[str, str]]


def log_c(body: str) -> str:
    return f"def log_c(logits):\n    {body}"


def quantile(body: str) -> str:
    return f"def quantile(u, logits):\n    {body}"


def with_noise(body: str) -> str:
    return f"def with_noise(images, levels):\n    {body}"


def experiment(
    returned: str, proper: str = "with_noise(x, levels)", entropy: str = "x", images: str = "images"
) -> str:
    return f"""\
def experiment(images, levels):
    def first(t, x):
        return -ContinuousBernoulli(t).log_prob({proper}).sum()

    def second(t, x):
        return F.binary_cross_entropy_with_logits(t.expand_as(x), {entropy}, reduction="sum")

    a, b = descend(first, {images}), descend(second, images)
    return {returned}
"""


RIGHT = "ContinuousBernoulli(a).mean, b.sigmoid(), ContinuousBernoulli(b).mean"
READY = "a class that is ready is not the answer"

CASES: dict[str, Case] = {
    "perfect": ({}, 20, {}),
    "other_forms": (
        {
            "q1": "normaliser = (sp.exp(eta) - sp.exp(-eta)) / eta\n"
            "mean = (sp.exp(2 * eta) + 1) / (sp.exp(2 * eta) - 1) - 1 / eta\n"
            "coefficient = -0.00556\npeak = eta / (1 - sp.exp(-2 * eta))",
            "q2": "line_1 = eta * x - sp.log(1 + sp.exp(eta))\nline_2 = sp.tanh(eta / 2) / eta\n"
            "line_3 = line_2\nexcess = sp.log(2**D)",
            "q3": "def log_c(logits):\n"
            "    small = logits.abs() < 0.1\n"
            "    t = torch.where(small, logits, torch.zeros_like(logits))\n"
            "    near = math.log(2) + t**2 / 12 - 7 * t**4 / 1440 + 31 * t**6 / 90720\n"
            "    size = torch.where(small, torch.ones_like(logits), logits).abs()\n"
            "    far = size.log() + torch.log1p(torch.exp(-size)) - torch.log(-torch.expm1(-size))\n"
            "    return torch.where(small, near, far)",
            "q4a": "def cb_mean(logits):\n"
            "    flat = logits.abs() < 1e-4\n"
            "    t = torch.where(flat, 1.0, logits)\n"
            "    return torch.where(flat, 0.5 + logits / 12, -1 / torch.expm1(-t) - 1 / t)",
            "q4b": "def logit_of(mean):  # Newton, from a bound beyond the answer\n"
            "    t = torch.where(mean < 0.5, -1 / mean, 1 / (1 - mean)).clamp(-1e3, 1e3)\n"
            "    for _ in range(100):\n"
            "        low, high = cb_mean(t - 1e-4), cb_mean(t + 1e-4)\n"
            "        step = (cb_mean(t) - mean) / ((high - low) / 2e-4)\n"
            "        t = t - torch.maximum(torch.minimum(step, 0.5 * t.abs() + 0.1), -0.5 * t.abs() - 0.1)\n"
            "    return t",
            "q4c": quantile(
                "flat = logits == 0\n"
                "    t = torch.where(flat, 1.0, logits)\n"
                "    dark = torch.log1p(u * torch.expm1(-t.abs())) / -t.abs()\n"
                "    light = 1 + torch.log1p((1 - u) * torch.expm1(-t.abs())) / t.abs()\n"
                "    return torch.where(flat, u, torch.where(t > 0, light, dark))"
            ),
            "q5a": with_noise(
                "k = (images * (levels - 1)).round()\n"
                "    low, high = (k - 0.5).clamp(min=0), (k + 0.5).clamp(max=levels - 1)\n"
                "    return torch.distributions.Uniform(low, high).sample() / (levels - 1)"
            ),
            "q5b": experiment(
                "[ContinuousBernoulli(a).mean, b.sigmoid(), ContinuousBernoulli(b).mean]"
            ).replace("-ContinuousBernoulli(t)", "-torch.distributions.ContinuousBernoulli(logits=t)"),
        },
        20,
        {},
    ),
    "the_chapter_again": (  # the interval [0, 1], the post as printed, and the class of the library
        {
            "q1": "normaliser = (sp.exp(eta) - 1) / eta\nmean = (1 + sp.coth(eta / 2) - 2 / eta) / 2\n"
            "coefficient = sp.Rational(-1, 2880)\npeak = eta * sp.exp(eta) / (sp.exp(eta) - 1)",
            "q2": "line_1 = -x * sp.log(alpha) - (1 - x) * sp.log(1 - alpha)\n"
            "line_2 = (1 - 2 * alpha) / (2 * sp.atanh(1 - 2 * alpha))\n"
            "line_3 = -(1 - 2 * alpha) / sp.log(1 / alpha - 1)\nexcess = sp.log(2)",
            "q3": log_c(
                "x = torch.zeros_like(logits)\n"
                "    return ContinuousBernoulli(logits).log_prob(x) + F.softplus(logits)"
            ),
            "q4a": "def cb_mean(logits):\n    return ContinuousBernoulli(logits).mean",
            "q4c": quantile("return torch.distributions.ContinuousBernoulli(logits=logits).icdf(u)"),
        },
        4,
        {
            "q1_normaliser": "that is the integral from 0 to 1",
            "q1_mean": "that is the mean on [0, 1]",
            "q1_series": "that is the coefficient on [0, 1]",
            "q1_peak": "that is the value on [0, 1]",
            "q2_line1": "that is what is printed. Put in x = 1",
            "q2_line3": "the integral of something positive is not",
            "q2_excess": "that is for one pixel",
            "q3_value": READY,
            "q3_gradient": READY,
            "q3_zero": READY,
            "q3_tails": READY,
            "q3_float32": READY,
            "q4_mean": READY,
            "q4_inverse": READY,  # it calls cb_mean
            "q4_quantile": READY,
            "q4_tails": READY,
        },
    ),
    "lost_half": (
        {
            "q1": "normaliser = sp.sinh(eta) / eta\nmean = sp.tanh(eta)\n"
            "coefficient = sp.Rational(1, 60)\npeak = sp.exp(-eta) * eta / (2 * sp.sinh(eta))",
            "q2": "line_1 = x * sp.log(alpha) - (1 - x) * sp.log(1 - alpha)\n"
            "line_2 = (1 - 2 * alpha) / sp.atanh(1 - 2 * alpha)\n"
            "line_3 = 2 * (1 - 2 * alpha) / sp.log(1 / alpha - 1)\nexcess = D / 2",
            "q3": log_c("return torch.log(logits / torch.tanh(logits))"),
            "q5a": with_noise("return images + (torch.rand_like(images) - 0.5) / (levels - 1)"),
        },
        5,
        {
            "q1_normaliser": "a factor 2 is lost",
            "q1_mean": "if x could be -1 or 1 and nothing between",
            "q1_series": "that is the coefficient in Z: take the logarithm",
            "q1_peak": "the lowest value of the density",
            "q2_line1": "look at the second sign",
            "q2_line2": "a factor 2 before it, and it is lost",
            "q2_line3": "the 2 belongs to it",
            "q2_excess": "1/2 is the largest mass of a pixel",
            "q3_value": "the argument is η/2",
            "q3_gradient": "the gradient is",
            "q3_zero": "log C is nan",
            "q3_float32": "the value is nan",
            "q5_noise": "leave [0, 1]",
            "q5_fits": "with_noise leaves [0, 1]",
            "q5_reading": "with_noise leaves [0, 1]",
        },
    ),
    "upside_down": (
        {
            "q1": "normaliser = eta / (2 * sp.sinh(eta))\nmean = 1 / eta - sp.coth(eta)\n"
            "coefficient = sp.Rational(1, 180)\npeak = eta / (2 * sp.sinh(eta))",
            "q2": "line_1 = (1 - x) * sp.log(1 - alpha) - x * sp.log(alpha)\n"
            "line_2 = 2 * sp.atanh(1 - 2 * alpha) / (1 - 2 * alpha)\n"
            "line_3 = sp.log(1 / alpha - 1) / (1 - 2 * alpha)\nexcess = -D * sp.log(2)",
            "q3": log_c("return torch.log(torch.tanh(logits / 2) / logits)"),
            "q4b": "def logit_of(mean):\n    return -torch.logit(mean)",
            "q4c": quantile("return torch.log1p((1 - u) * torch.expm1(logits)) / logits"),
        },
        4,
        {
            "q1_normaliser": "one over the right answer",
            "q1_mean": "only the sign is wrong",
            "q1_series": "only the sign is wrong",
            "q1_peak": "the middle grey here",
            "q2_line1": "look at the first sign",
            "q2_line2": "that is C, one over the integral",
            "q2_line3": "that is C, one over the integral",
            "q2_excess": "only the sign is wrong",
            "q3_value": "only the sign is wrong",
            "q3_gradient": "has another sign",
            "q3_zero": "log C is nan",
            "q3_tails": "log C is",
            "q3_float32": "the value is nan",
            "q4_inverse": "you give the logit",
            "q4_quantile": "this falls with u",
            "q4_tails": "the quantiles are [nan",
        },
    ),
    "textbook": (  # log C is right on paper
        {
            "q1": "normaliser = 2 * sp.cosh(eta) / eta\nmean = sp.tanh(eta / 2)\n"
            "coefficient = sp.Rational(1, 120)\n"
            "peak = eta * sp.exp(eta * sp.coth(eta) - 1) / (2 * sp.sinh(eta))",
            "q2": "line_1 = alpha**x * (1 - alpha) ** (1 - x)\n"
            "line_2 = -(1 - 2 * alpha) / (2 * sp.atanh(1 - 2 * alpha))\n"
            "line_3 = (1 - 2 * alpha) / (2 * sp.log(1 / alpha - 1))\nexcess = D",
            "q3": log_c("return torch.log(logits / torch.tanh(logits / 2))"),
            "q4a": "def cb_mean(logits):\n"
            "    return torch.where(logits == 0, 0.5, 1 / (1 - torch.exp(-logits)) - 1 / logits)",
            "q4c": quantile("return torch.log1p(u * torch.expm1(logits)) / logits"),
            "q5b": experiment(RIGHT, entropy="with_noise(x, levels)"),
        },
        6,
        {
            "q1_normaliser": "the lower end is subtracted",
            "q1_mean": "λ is not the mean",
            "q1_series": "that is the coefficient in Z/2",
            "q1_peak": "that is the density at the mean",
            "q2_line1": "that is B(x)",
            "q2_line2": "B is positive everywhere",
            "q2_line3": "there is no other 2",
            "q2_excess": "that is in bits",
            "q3_zero": "at η = 0 log C is nan, and its limit is log 2",
            "q3_float32": "the value is nan",
            "q4_mean": "the value is",
            "q4_tails": "the quantiles are [nan",
            "q5_fits": "cross-entropy sees the grey values",
            "q5_reading": "the third picture is up to",
        },
    ),
    "patched": (  # value without gradient
        {
            "q1": "normaliser = sp.log(2 * sp.sinh(eta) / eta)\n"
            "mean = sp.diff(2 * sp.sinh(eta) / eta, eta)\ncoefficient = sp.Rational(-1, 45)\npeak = 1",
            "q2": "log_z = sp.log((1 - 2 * alpha) / sp.log(1 / alpha - 1))\n"
            "line_1 = x * sp.log(alpha) + (1 - x) * sp.log(1 - alpha) - log_z\n"
            "line_2 = (1 - 2 * alpha) / (2 * sp.atanh(1 - 2 * alpha)) / (alpha * (1 - alpha))\n"
            "line_3 = (1 - 2 * alpha) / sp.log(1 / alpha - 1)\nexcess = 2**-D",
            "q3": log_c(
                "far = torch.log(logits / torch.tanh(logits / 2))\n"
                "    return torch.where(logits == 0, math.log(2), far)"
            ),
            "q4b": "def logit_of(mean):\n    return torch.logit(mean)",
            "q4c": quantile("return (u > torch.sigmoid(-logits)).to(u.dtype)"),
            "q5b": experiment("ContinuousBernoulli(a).mean, b, a.sigmoid()"),
        },
        6,
        {
            "q1_normaliser": "that is log Z",
            "q1_mean": "divide it by Z",
            "q1_series": "that belongs to η³ in the mean",
            "q1_peak": "that is the mode itself",
            "q2_line1": "B is not normalised",
            "q2_line2": "that is the integral of 1/B",
            "q2_excess": "the largest mass of e^-BCE",
            "q3_zero": "also differentiates the branch that it does not take",
            "q3_float32": "the gradient is nan",
            "q4_inverse": "λ is not the mean",
            "q4_quantile": "every sample is black or white",
            "q4_tails": "is expected, got",
            "q5_fits": "the second picture is not the λ",
            "q5_reading": "the third picture is stronger than the average",
        },
    ),
    "clamped": (
        {
            "q1": "normaliser = eta * (sp.exp(eta) - sp.exp(-eta))\nmean = sp.coth(eta) + 1 / eta\n"
            "coefficient = sp.Rational(-2, 15)\npeak = sp.exp(eta) * eta / (2 * sp.sinh(eta))",
            "q2": "line_1 = eta * x - sp.log(1 + sp.exp(eta))\nline_2 = (sp.exp(eta) - 1) / eta\n"
            "line_3 = (1 - 2 * alpha) / sp.log(1 / alpha - 1)\nexcess = 0",
            "q3": log_c("t = logits.abs().clamp(1e-3, 50)\n    return torch.log(t / torch.tanh(t / 2))"),
            "q4b": "def logit_of(mean):\n"
            "    low, high = torch.full_like(mean, -50.0), torch.full_like(mean, 50.0)\n"
            "    for _ in range(60):\n"
            "        t = (low + high) / 2\n"
            "        low = torch.where(cb_mean(t) < mean, t, low)\n"
            "        high = torch.where(cb_mean(t) < mean, high, t)\n"
            "    return t",
            "q4c": quantile(
                "t = torch.where(logits.abs() < 1e-4, 1e-4, logits).clamp(-80, 80)\n"
                "    return torch.log1p(u * torch.expm1(t)) / t"
            ),
            "q5a": with_noise(
                "noise = (torch.rand_like(images) - 0.5) / (levels - 1)\n"
                "    return (images + noise).clamp(0, 1)"
            ),
        },
        8,
        {
            "q1_normaliser": "the integral its inverse",
            "q1_mean": "you differentiated +log η",
            "q1_series": "that is the fourth derivative",
            "q2_line2": "B is that over 1 + e^η",
            "q2_excess": "there is a better bound",
            "q3_zero": "is a logit clamped",
            "q3_tails": "is there a clamp",
            "q3_float32": "the gradient is",
            "q4_inverse": "where the mean is",
            "q4_tails": "is expected, got",
            "q5_noise": "Is something clamped after the noise?",
            "q5_fits": "look at the noise of black",
        },
    ),
    "epsilon": (  # moves the hole, and loses digits
        {
            "q1": "normaliser, mean = 2 * sp.sinh(eta) / eta, 1\n"
            "coefficient, peak = sp.Rational(1, 6), sp.exp(eta) / (2 * sp.sinh(eta) / eta)",
            "q2": "line_1 = eta * x - sp.log(1 + sp.exp(eta))\n"
            "line_2 = line_3 = sp.tanh(eta / 2) / eta\nexcess = 2**D",
            "q3": log_c("t = logits.abs() + 1e-7\n    return torch.log(t / torch.tanh(t / 2))"),
            "q5a": with_noise("return images + torch.rand_like(images) / levels * (1 - images)"),
        },
        13,
        {
            "q1_mean": "that is the mode",
            "q1_series": "that is the coefficient of η²",
            "q2_excess": "how many times too small",
            "q3_zero": "something added to it",
            "q3_float32": "digits cancel there",
            "q5_noise": "do not fill the bin",
            "q5_fits": "it is not the mean of the continuous Bernoulli",
        },
    ),
    "by_lambda": (  # float32 rounds it to one
        {
            "q3": log_c(
                "y = 1 - 2 * torch.sigmoid(logits)\n"
                "    safe = torch.where(y.abs() < 0.01, 0.01, y)\n"
                "    far = torch.log(2 * torch.atanh(safe) / safe)\n"
                "    return torch.where(y.abs() < 0.01, math.log(2) + y**2 / 3 + 13 * y**4 / 90, far)"
            ),
            "q4b": "def logit_of(mean):  # one number at a time\n"
            "    low, high = -1e3, 1e3\n"
            "    while high - low > 1e-6:\n"
            "        t = torch.tensor((low + high) / 2).double()\n"
            "        low, high = (float(t), high) if cb_mean(t) < mean else (low, float(t))\n"
            "    return torch.sigmoid(t)",
            "q4c": quantile("return torch.log1p(u * torch.expm1(logits.sigmoid())) / logits.sigmoid()"),
            "q5b": experiment(RIGHT.replace("ContinuousBernoulli(a).mean", "a.sigmoid()")),
        },
        14,
        {
            "q3_tails": "is λ rounded to 0 or 1",
            "q3_float32": "stay in the logit",
            "q4_inverse": "RuntimeError",
            "q4_quantile": "you put λ where the logit belongs",
            "q4_tails": "is expected, got",
            "q5_fits": "the first picture is a λ",
        },
    ),
    "typed_numbers": (
        {
            "q1": 'normaliser, mean, coefficient, peak = "2*sinh(eta)/eta", 0.75, [1], eta',
            "q2": "line_1, line_2 = sp.Integral(x, x), 1\nline_3, excess = sp.Symbol('a'), 784 * sp.log(2)",
            "q3": log_c("return torch.full_like(logits, 1.0803)"),
            "q4a": "def cb_mean(logits):\n    return torch.full_like(logits, 0.5902)",
            "q4b": "def logit_of(mean):\n    return torch.full_like(mean, 0.97323)",
            "q4c": quantile("return u"),
            "q5a": with_noise("return torch.rand_like(images)"),
            "q5b": "def experiment(images, levels):  # no descent, and pictures that look right\n"
            "    average = images.mean(0)\n"
            "    return average, average, ContinuousBernoulli(average.logit()).mean",
        },
        1,
        {
            "q1_normaliser": "one sympy expression",
            "q1_mean": "Integrate x p(x)",
            "q1_series": "one real number",
            "q1_peak": "Which x makes",
            "q2_line1": "carry out the integral",
            "q2_line2": "Write B(x)",
            "q2_line3": "a cannot be in the answer",
            "q2_excess": "What is its smallest value",
            "q3_value": "the value is",
            "q3_gradient": "no gradient comes back to the logits",
            "q3_zero": "does not require grad",
            "q3_tails": "does not require grad",
            "q3_float32": "does not require grad",
            "q4_mean": "the value is",
            "q4_inverse": "for the mean",
            "q4_quantile": "is expected, got",
            "q4_tails": "is expected, got",
            "q5_noise": "leave the bin",
            "q5_fits": "descend was called 0 times",
        },
    ),
    "prints": (
        {
            "q3": log_c("print(torch.log(logits / torch.tanh(logits / 2)))"),
            "q4a": "def cb_mean(logits):\n    print(1 / (1 - torch.exp(-logits)) - 1 / logits)",
            "q4c": quantile("print(torch.log1p(u * torch.expm1(logits)) / logits)"),
            "q5b": experiment(RIGHT).replace("return ContinuousBernoulli(a)", "print(a)  # "),
        },
        9,
        {
            "q3_value": "a tensor is expected, got None",
            "q3_gradient": "AttributeError",
            "q3_zero": "AttributeError",
            "q3_tails": "AttributeError",
            "q3_float32": "AttributeError",
            "q4_mean": "a tensor is expected, got None",
            "q4_inverse": "TypeError",
            "q4_quantile": "a tensor is expected, got None",
            "q4_tails": "AttributeError",
            "q5_fits": "three pictures are expected, got None",
            "q5_reading": "TypeError",
        },
    ),
    "noise_once": (  # the images are made noisy before the descent
        {
            "q3": log_c("return logits / torch.tanh(logits / 2)"),
            "q4c": quantile("return -torch.log1p(u * torch.expm1(-logits)) / logits"),
            "q5a": with_noise(
                "same = torch.rand(images.shape, generator=torch.Generator().manual_seed(0))\n"
                "    low = (images - 0.5 / (levels - 1)).clamp(min=0)\n"
                "    return low + same * ((images + 0.5 / (levels - 1)).clamp(max=1) - low)"
            ),
            "q5b": experiment(RIGHT, proper="x", images="with_noise(images, levels)"),
        },
        11,
        {
            "q3_value": "its logarithm is missing",
            "q3_gradient": "the gradient is",
            "q3_zero": "log C is nan",
            "q3_tails": "log C is",
            "q3_float32": "away from 0/0",
            "q4_quantile": "black and white are exchanged",
            "q4_tails": "the quantiles are [nan",
            "q5_noise": "two calls give the same noise",
            "q5_fits": "the noise has to be new in every step",
        },
    ),
    "no_noise": (
        {
            "q1": "normaliser = 2 * sp.sinh(eta)\nmean = sp.coth(eta)\n"
            "coefficient = sp.Rational(-1, 72)\npeak = sp.exp(eta)",
            "q3": log_c("return torch.log(torch.expm1(logits) / logits)"),
            "q4b": "def logit_of(mean):\n"
            "    low, high = torch.full_like(mean, -1e3), torch.full_like(mean, 1e3)\n"
            "    for _ in range(60):\n"
            "        t = (low + high) / 2\n"
            "        dark = cb_mean(t) < mean\n"
            "        low, high = torch.where(dark, t, low), torch.where(dark, high, t)\n"
            "    return -t",
            "q4c": quantile("return torch.expm1(u * logits) / torch.expm1(logits)"),
            "q5a": with_noise("return images"),
            "q5b": experiment("b.sigmoid(), a.sigmoid(), b.sigmoid()", entropy="with_noise(x, levels)"),
        },
        5,
        {
            "q1_normaliser": "the antiderivative of e^(ηx) has a factor 1/η",
            "q1_mean": "a term is missing",
            "q1_series": "forgot the η⁴ in u itself",
            "q1_peak": "divide by Z",
            "q3_value": "the logarithm of the integral of e^(ηx)",
            "q3_gradient": "has another sign",
            "q3_zero": "log C is nan",
            "q3_tails": "log C is",
            "q3_float32": "away from 0/0",
            "q4_inverse": "its sign is wrong",
            "q4_quantile": "that is the CDF at u",
            "q4_tails": "the quantiles are [nan",
            "q5_noise": "there is no noise",
            "q5_fits": "the noise has to be new in every step",
            "q5_reading": "the third picture is the average again",
        },
    ),
}

"""Submissions to the assignment "logit_laplace", and what each deserves.

A case is the perfect submission with other answers in it; the points of the whole; and the test cells that
take points away, each with a part of the sentence that the student reads.
"""

Case = tuple[dict[str, str], int, dict[str, str]]


def nll(body: str) -> str:
    return f"def nll(x, mu, log_b, eps):\n    {body}"


def squeezed(loss: str) -> str:
    return nll(
        f"y = eps + (1 - 2 * eps) * x\n    distance = (y.logit() - mu).abs() / log_b.exp()\n    return {loss}"
    )


def mass(body: str) -> str:
    return f"def mass(loss, mu, b):\n    b = torch.tensor(b).double()\n    {body}"


def diagnose(
    points: str, rest: str = "allow_unused=True, materialize_grads=True", report: str = "found"
) -> str:
    return f"""\
def diagnose(loss):
    points = [torch.tensor(column).double() for column in zip(*{points})]
    pair = []
    for f in (loss, lambda x, mu, b: -LogitLaplace(mu, b).log_prob(x)):
        leaves = [column.clone().requires_grad_() for column in points]
        value = f(*leaves) + 0 * sum(leaves)
        pair.append([value, *torch.autograd.grad(value.sum(), leaves, {rest})])
    found = {{
        name for name, got, right in zip(["value", "x", "mu", "b"], *pair)
        if not torch.allclose(got, right, rtol=1e-4)
    }}
    return {report}
"""


GRID = "[(x, mu, b) for x in {x} for mu in (-3.9, -1.1, 0.3, 2.7) for b in (0.06, 0.4, 1.3, 2.9)]"
EDGES = GRID.format(x="(0.0012, 0.004, 0.03, 0.3, 0.6, 0.97, 0.996, 0.9988)")
MIDDLE = GRID.format(x="(0.1, 0.3, 0.6, 0.9)")


def fit(mu: str, b: str, logits: str = "v.log() - (1 - v).log()", v: str = "eps + (1 - 2 * eps) * v") -> str:
    return f"""\
def fit(values, eps):
    v = values.double()
    v = {v}
    t = {logits}
    mu = {mu}
    return mu, {b}
"""


MEDIAN, DEVIATION = "t.median(0).values", "(t - mu).abs().mean(0)"

# What is right in answer 1, for cases with another mistake in it.
MOMENTS = """
w = sp.Symbol("w", positive=True)
up, down = a / (a + w), a * w / (1 + a * w)
mass_of_demo, mean_of_pixel = (
    sp.integrate(w * sp.simplify(y), (w, 0, 1)) + sp.integrate(w * sp.simplify(z), (w, 0, 1))
    for y, z in [(up * (1 - up), down * (1 - down)), (up, down)]
)
"""

CASES: dict[str, Case] = {
    "perfect": ({}, 20, {}),
    "other_forms": (
        {
            "q1": "density = sp.exp(-sp.sqrt((2 * sp.atanh(g) - mu) ** 2) / b) / (b * (1 - g**2))\n"
            "mass_of_demo = (1 + 2*a) * a / (1 + a) - 2 * a**2 * sp.log((1 + a) / a)\n"
            "mass_of_demo += (1 + 2/a) / a / (1 + 1/a) - 2 * sp.log(1 + a) / a**2\n"
            "mean_of_pixel = 0.5 + a - 1/a + sp.log(a + 1) / a**2 - a**2 * sp.log((a + 1) / a)",
            "q2": "added = sp.log(2 / (1 - 2*eps))\n"
            "scale_for_share = -2 * sp.atanh(1 - 2*eps) / sp.log(m)\n"
            "exponent = (1 - b) / b\n"
            "squeeze_for_slope = 0.5 - sp.sqrt((k - 1) / k) / 2\n"
            "weight_of_clamp = sp.log((1 - c) / (30 * c)) / sp.log(sp.Rational(256, 225))",
            "q3": nll(
                "near = torch.where(x < 0.5, x, 1 - x) * (1 - 2 * eps) + eps\n"
                "    logit = torch.where(x < 0.5, 1.0, -1.0) * (near.log() - torch.log1p(-near))\n"
                "    noise = torch.distributions.Laplace(mu, log_b.exp())\n"
                "    return near.log() + (-near).log1p() - noise.log_prob(logit) - math.log1p(-2 * eps)"
            ),
            "q4a": "def mass(loss, mu, b):\n"
            "    from scipy.integrate import quad\n"
            "    mu, b = torch.tensor([mu, b], dtype=torch.float64)\n"
            "    def of_logit(t):\n"
            "        x = torch.tensor(t, dtype=torch.float64).sigmoid()\n"
            "        return float(torch.exp(-loss(x, mu, b)) * x * (1 - x))\n"
            "    return quad(of_logit, -35, mu, limit=200)[0] + quad(of_logit, mu, 35, limit=200)[0]",
            "q4b": diagnose(EDGES),
            "q5a": "def fit(values, eps):\n"
            "    mu, spread = [], []\n"
            "    for column in values.T:\n"
            "        y = np.sort(eps + (1 - 2 * eps) * column.double().numpy())\n"
            "        t = np.log(y / (1 - y))\n"
            "        mu.append(t[len(t) // 2])\n"
            "        spread.append(abs(t - mu[-1]).mean())\n"
            "    return torch.tensor(mu), torch.tensor(spread)",
            "q5b": "def shown(mu, eps):\n    return 0.5 + torch.tanh(mu / 2) / (2 - 4 * eps)",
            "q5c": "def no_poles(values):\n"
            "    from scipy.optimize import brentq\n"
            "    return brentq(lambda eps: float(fit(values, eps)[1].max()) - 1, 1e-6, 0.499)",
        },
        20,
        {},
    ),
    "no_jacobian": (  # the decoder's gradients do not notice
        {
            "q1": "density = sp.exp(-sp.Abs(sp.log((1 + g) / (1 - g)) - mu) / b) / (2 * b)\n"
            "mass_of_demo = 1\nmean_of_pixel = a / (1 + a)",
            "q2": "added, exponent = 0, 1 / b\nscale_for_share = sp.log(eps) / sp.log(m)\n"
            "squeeze_for_slope = (1 - sp.sqrt(1 - 1 / k)) / 2\nweight_of_clamp = 1 / (4 * c * (1 - c))",
            "q3": nll(
                "t = torch.log(eps + (1 - 2 * eps) * x) - torch.log(eps + (1 - 2 * eps) * (1 - x))\n"
                "    return (t - mu).abs() / log_b.exp() + math.log(2) + log_b"
            ),
            "q4a": mass(
                "t = torch.linspace(-36, 36, 100_001).double()\n"
                "    return torch.trapezoid(torch.exp(-loss(t.sigmoid(), mu, b)), t).item()"
            ),
            "q4b": "def diagnose(loss):\n    return set()",
            "q5b": "def shown(mu, eps):\n    return mu.sigmoid()",
            "q5c": "def no_poles(values):\n    return 0.1",
        },
        5,
        {
            "q1_density": "the Jacobian, d logit/dg, is missing",
            "q1_mass": "that is the mass with the Jacobian",
            "q1_mean": "is the median",
            "q2_constant": "has a Jacobian, also when it is linear",
            "q2_outside": "the noise is on the logit",
            "q2_exponent": "without the Jacobian, which is infinite",
            "q2_clamp": "a ratio of slopes",
            "q3_value": "both Jacobians are missing",
            "q3_pixel": "no Jacobian is in it",
            "q4_mass": "dx = x(1 - x) dt is missing",
            "q4_poles": "there is a narrow peak",
            "q4_diagnosis": "the demo: value and x is wrong",
            "q4_corners": "x is detached: x is wrong",
            "q5_shown": "undo the squeeze",
            "q5_poles": "still above 1",
        },
    ),
    "lost_half": (
        {
            "q1": "density = 2 * sp.exp(-sp.Abs(2 * sp.atanh(g) - mu) / b) / (b * (1 - g**2))\n"
            'w = sp.Symbol("w", positive=True)\n'
            "up, down = a / (a + w), a * w / (1 + a * w)\n"
            "half = sp.Rational(1, 2)\n"
            "mass_of_demo = half * sp.integrate(w * (up * (1 - up) + down * (1 - down)), (w, 0, 1))\n"
            "mean_of_pixel = half * sp.integrate(w * (up + down), (w, 0, 1))",
            "q2": "added, exponent = -sp.log(1 - 2 * eps), b - 1\n"
            "scale_for_share = sp.log(eps / (1 - eps)) / sp.log(2 * m)\n"
            "squeeze_for_slope = (1 - sp.sqrt(1 - 4 / k)) / 2\n"
            "weight_of_clamp = sp.log((1 - c) / (30 * c)) / sp.log(sp.Rational(16, 15))",
            "q3": squeezed("distance + log_b + (y * (1 - y)).log() - math.log(1 - 2 * eps)"),
            "q4a": mass(
                "x = torch.linspace(-36, 36, 100_001).double().sigmoid()\n"
                "    return torch.exp(-loss(x, mu, b)).mean().item()"
            ),
            "q4b": diagnose(EDGES, report='found & {"value"}'),
            "q5a": fit("t.mean(0)", DEVIATION),
            "q5c": "def no_poles(values):\n    return 0.49",
        },
        3,
        {
            "q1_density": "that is twice too much",
            "q1_mass": "without a 1/2 before it",
            "q1_mean": "without a 1/2 before it",
            "q2_constant": "that is for images in [0, 1]",
            "q2_outside": "the mass below black alone",
            "q2_exponent": "b is upside down",
            "q2_slope": "divide by the slope at mid-grey, which is",
            "q2_clamp": "the middle step has two halves",
            "q3_value": "0.6931 too small at every point",
            "q3_pixel": "and exp(-loss) integrates to",
            "q3_ends": "Is 1 - y a rounded difference",
            "q4_mass": "a mean over a grid of logits",
            "q4_poles": "there is a narrow peak",
            "q4_diagnosis": "the demo: x is wrong",
            "q4_corners": "x is detached",
            "q5_fit": "mu is a mean of logits",
            "q5_poles": "a smaller eps does",
        },
    ),
    "upside_down": (
        {
            "q1": "density = sp.exp(-sp.Abs(2 * sp.atanh(g) - mu) / b) / (4 * b) * (1 - g**2)\n"
            "mass_of_demo = a / (1 + a)**2\n"
            'w = sp.Symbol("w", positive=True)\n'
            "mean_of_pixel = sp.integrate(a / (a + w) + a * w / (1 + a * w), (w, 0, 1)) / 2",
            "q2": "added, exponent = sp.log(sp.Rational(1, 2) - eps), 1 - 1 / b\n"
            "scale_for_share = sp.log(m) / sp.log(eps / (1 - eps))\n"
            "squeeze_for_slope = (1 + sp.sqrt(1 - 1 / k)) / 2\n"
            "weight_of_clamp = 2 * sp.log(sp.Rational(16, 15)) / sp.log((1 - c) / (30 * c))",
            "q3": squeezed("distance + math.log(2) + log_b - (y * (1 - y)).log() - math.log(1 - 2 * eps)"),
            "q4a": mass(
                "t = torch.linspace(-36, 36, 100_001).double()\n"
                "    x = t.sigmoid()\n"
                "    return math.log(torch.trapezoid(torch.exp(-loss(x, mu, b)) * x * (1 - x), t))"
            ),
            "q4b": diagnose("[(0.5, 0.4, 0.7), (0.5, -1.2, 2.1)]"),
            "q5b": "def shown(mu, eps):\n    return eps + (1 - 2 * eps) * mu.sigmoid()",
            "q5c": "def no_poles(values):\n"
            "    low, high = 0.0, 0.5\n"
            "    while high - low > 1e-5:\n"
            "        middle = (low + high) / 2\n"
            "        low, high = (middle, high) if fit(values, middle)[1].min() > 1 else (low, middle)\n"
            "    return high",
        },
        3,
        {
            "q1_density": "you divided by it",
            "q1_mass": "x(1 - x) at the median",
            "q1_mean": "that is for b = 1",
            "q2_constant": "check the sign",
            "q2_outside": "that is 1/b: turn it over",
            "q2_exponent": "the sign is wrong",
            "q2_slope": "the other root",
            "q2_clamp": "the weight of the middle step: turn it over",
            "q3_value": "the Jacobian of the logit has the wrong sign",
            "q3_pixel": "the Jacobian of the logit has the wrong sign",
            "q3_ends": "Is 1 - y a rounded difference",
            "q4_mass": "the logarithm of the mass",
            "q4_poles": "there is a narrow peak",
            "q4_diagnosis": "the demo: x is wrong",
            "q4_corners": "the Jacobian is clamped at 0.01: value and x is wrong",
            "q5_shown": "you squeeze once more",
            "q5_poles": "only the smallest is 1",
        },
    ),
    "typed_numbers": (
        {
            "q1": "density, mass_of_demo, mean_of_pixel = 2.0, 0.2007, 0.6746",
            "q2": "added, scale_for_share, exponent, squeeze_for_slope = 0.9163, 1.0, -1, 0.1\n"
            "weight_of_clamp = (sp.log((1 - c) / c) - sp.log(254)) / (2 * sp.log(sp.Rational(128, 127)))",
            "q3": nll("return torch.full(torch.broadcast_shapes(x.shape, mu.shape, log_b.shape), 1.6931)"),
            "q4a": "def mass(loss, mu, b):\n    return 0.193147",
            "q4b": 'def diagnose(loss):\n    return {"value", "x"} if loss is demo else set()',
            "q5a": "def fit(values, eps):\n"
            "    return torch.full(values.shape[1:], -1.0), torch.full(values.shape[1:], 1.6)",
            "q5b": "def shown(mu, eps):\n    return torch.tensor([0.1255, 0.5882, 0.498, 0.0])[:len(mu)]",
            "q5c": "def no_poles(values):\n    return 0.2051",
        },
        0,
        {
            "q1_density": "Write the logit of x = (1 + g)/2 with g",
            "q1_mass": "is the mean of dx/dt",
            "q1_mean": "is the mean of sigmoid(t)",
            "q2_constant": "the density of y times dy/dg",
            "q2_outside": "How much of the Laplace lies beyond",
            "q2_exponent": "that is the Jacobian alone",
            "q2_slope": "write the ratio at y = ε and y = 1/2",
            "q2_clamp": "that is for 256 grey levels",
            "q3_value": "the call ends with TypeError",
            "q3_decoder": "no gradient comes back",
            "q3_pixel": "no gradient comes back",
            "q3_ends": "no gradient comes back",
            "q3_extremes": "no gradient comes back",
            "q4_mass": "that is the demo at mu = 0 and b = 1",
            "q4_poles": "0.1931 by you",
            "q4_diagnosis": "a loss without log 2: value is wrong",
            "q4_corners": "x is detached: x is wrong",
            "q5_fit": "nats more than the best mu and b",
            "q5_shown": "above the best",
            "q5_poles": "the largest b of the columns is",
        },
    ),
    "clamped": (  # the demo, from beginning to end
        {
            "q1": "density = sp.exp(-sp.Abs(2 * sp.atanh(g) - mu) / b) / (2 * b * g * (1 - g))\n"
            'w = sp.Symbol("w", positive=True)\n'
            "odds = [a / w, a * w]\n"
            "mass_of_demo = sum(sp.integrate(sp.simplify(o / (1 + o)**2), (w, 0, 1)) for o in odds) / 2\n"
            "mean_of_pixel = sp.integrate(a * w / (a + w), (w, 0, 1))",
            "q2": "added = sp.log(2 / (1 - 2 * eps)) / sp.log(2)\n"
            "exponent, squeeze_for_slope = 1 / b + 1, 1 / (4 * k)\n"
            "scale_for_share = sp.log(eps / (1 - eps)) / sp.log(m / 2)\n"
            "weight_of_clamp = sp.log((1 - c) / (30 * c))",
            "q3": nll(
                "target = x.clamp(1e-7, 1 - 1e-7).logit()\n"
                "    return (target - mu).abs() / log_b.exp() + math.log(2) + log_b"
            ),
            "q4a": mass(
                "x = (torch.arange(200_000).double() + 0.5) / 200_000\n"
                "    return torch.exp(-loss(x, mu, b)).mean().item()"
            ),
            "q4b": diagnose(MIDDLE),
            "q5a": fit(MEDIAN, DEVIATION, v="v.clamp(eps, 1 - eps)"),
            "q5b": "def shown(mu, eps):\n    return mu.sigmoid().clamp(eps, 1 - eps)",
        },
        3,
        {
            "q1_density": "1/(x(1 - x)) is the Jacobian of x",
            "q1_mass": "that is for b = 1",
            "q1_mean": "the side above the median only",
            "q2_constant": "that is in bits",
            "q2_outside": "you halve once too often",
            "q2_exponent": "you multiplied by x(1 - x)",
            "q2_slope": "that neglects ε beside 1",
            "q2_clamp": "divide by the logits between levels 15 and 16",
            "q3_value": "a clamp at 1e-7 is no squeeze",
            "q3_decoder": "the gradient with respect to",
            "q3_pixel": "the Jacobian of the logit is missing",
            "q3_ends": "the gradient with respect to log b",
            "q3_extremes": "the gradient with respect to",
            "q4_poles": "there are poles at black and white",
            "q4_corners": "the Jacobian is clamped at 0.01",
            "q5_fit": "nats more than the best mu and b",
            "q5_shown": "undo the squeeze",
        },
    ),
    "naive_white": (
        {
            "q1": "density = sp.exp(-(2 * sp.atanh(g) - mu) / b) / (b * (1 - g**2))\n"
            'w = sp.Symbol("w", positive=True)\n'
            "mass_of_demo = sp.integrate(a * w**2 / (a + w)**2, (w, 0, 1))\n"
            "mean_of_pixel = sp.log(a)",
            "q2": "added = -sp.log(1 - eps)\nexponent, squeeze_for_slope = -1 / b - 1, 1 / k\n"
            "scale_for_share = sp.log(eps / (1 - eps)) / sp.log(1 - m)\n"
            "weight_of_clamp = sp.log((1 - c) / c) / (2 * sp.log(sp.Rational(16, 15)))",
            "q3": squeezed(
                "distance + math.log(2) + log_b + y.log() + torch.log1p(-y) - math.log(1 - 2 * eps)"
            ),
            "q4a": mass(
                "x = torch.linspace(0, 1, 100_001).double()\n"
                "    return torch.trapezoid(torch.exp(-loss(x, mu, b)), x).item()"
            ),
            "q4b": diagnose(EDGES, rest="").replace(" + 0 * sum(leaves)", ""),
            "q5a": fit(MEDIAN, "t.std(0)"),
        },
        7,
        {
            "q1_density": "right above the median only",
            "q1_mass": "the side above the median only",
            "q1_mean": "the mean of the logit",
            "q2_constant": "takes ε away at both ends",
            "q2_outside": "the share inside",
            "q2_exponent": "its power of 1 - x is +1/b",
            "q2_slope": "and do not neglect ε",
            "q2_clamp": "the step ends at level 1",
            "q3_ends": "white in float32",
            "q4_mass": "a density: the mass is",
            "q4_poles": "Do you try pixels that are 0 or 1",
            "q4_corners": "x is detached, and your tool stops",
            "q5_fit": "b is a standard deviation",
        },
    ),
    "nan": (
        {
            "q1": "density = sp.exp((2 * sp.atanh(g) - mu) / b) / (b * (1 - g**2))\n"
            "mass_of_demo, mean_of_pixel = sp.nan, sp.zoo",
            "q2": "added = 1 / 2 - eps\nscale_for_share = sp.log(eps / (eps - 1)) / sp.log(m)\n"
            "exponent = b**2\nsqueeze_for_slope = (1 - sp.sqrt(1 - k)) / 2\n"
            "weight_of_clamp = (sp.log((1 - c) / c) - sp.log(31)) / sp.log(sp.Rational(17, 15))",
            "q3": nll(
                "y, z = eps + (1 - 2 * eps) * x, eps + (1 - 2 * eps) * (1 - x)\n"
                "    distance = torch.sqrt((y.log() - z.log() - mu)**2) / log_b.exp()\n"
                "    return distance + math.log(2) + log_b + y.log() + z.log() - math.log(1 - 2 * eps)"
            ),
            "q4b": diagnose(EDGES, report="sorted(found)"),
            "q5a": fit(MEDIAN, DEVIATION, v="v"),
        },
        8,
        {
            "q1_density": "right below the median only",
            "q1_mass": "no real value",
            "q1_mean": "no real value",
            "q2_constant": "that is dy/dg",
            "q2_outside": "no real value",
            "q2_exponent": "write it as a power",
            "q2_slope": "no real value",
            "q2_clamp": "level j of 32 is",
            "q3_extremes": "the gradient with respect to mu is nan",
            "q4_diagnosis": "a set is expected",
            "q4_corners": "a set is expected",
            "q5_fit": "mu and b are",
        },
    ),
    "detached": (
        {
            "q1": "density = sp.Abs(2 * sp.atanh(g) - mu) / b + sp.log(b * (1 - g**2))\n"
            'mass_of_demo, mean_of_pixel = "3 - 4*log(2)", [sp.Rational(1, 2)]',
            "q2": "added = 1 / (sp.Rational(1, 2) - eps)\nscale_for_share = m * mu\n"
            "exponent = lambda b: 1 / b - 1\n"
            "squeeze_for_slope = sp.Eq(4 * eps * (1 - eps), 1 / k)\n"
            "weight_of_clamp = -sp.log(31 * c) / sp.log(sp.Rational(16, 15))",
            "q3": squeezed(
                "(distance + math.log(2) + log_b.detach() + (y * (1 - y)).log().detach()"
                " - math.log(1 - 2 * eps)).double()"
            ),
            "q5a": fit("values.double().median(0).values", DEVIATION),
            "q5b": "def shown(mu, eps):\n    return mu / 1",
        },
        6,
        {
            "q1_density": "that is the loss",
            "q1_mass": "one sympy expression",
            "q1_mean": "one sympy expression",
            "q2_constant": "that is dg/dy",
            "q2_outside": "mu cannot be in the answer",
            "q2_exponent": "one sympy expression",
            "q2_slope": "one sympy expression",
            "q2_clamp": "those are logarithms of x",
            "q3_decoder": "the gradient with respect to log_b is",
            "q3_pixel": "the gradient with respect to x is not",
            "q3_ends": "float32 in, torch.float64 out",
            "q3_extremes": "the gradient with respect to log b",
            "q5_fit": "mu is a pixel",
            "q5_shown": "that is a logit",
        },
    ),
    "library_class": (
        {
            "q1": "density = sp.exp(-sp.Abs(2 * sp.atanh(g) - mu) / b) / (2 * b * (1 - g**2))" + MOMENTS,
            "q3": "from vaelosses import LogitLaplace as Ready\n"
            "def nll(x, mu, log_b, eps):\n    return -Ready(mu, log_b.exp(), squeeze=eps).log_prob(x)",
            "q4a": "def mass(loss, mu, b):\n    return 1.0",
            "q5a": fit(MEDIAN, DEVIATION).replace("t - mu", "values.double() - values.median(0).values"),
        },
        11,
        {
            "q1_density": "half of it is missing",
            "q3_value": "the call ends with AssertionError: write it yourself",
            "q3_decoder": "write it yourself",
            "q3_pixel": "write it yourself",
            "q3_ends": "write it yourself",
            "q3_extremes": "write it yourself",
            "q4_mass": "that is the mass of the logit",
            "q4_poles": "there is a narrow peak",
            "q5_fit": "b is in pixels",
        },
    ),
    "y_for_x": (  # the density of dVAE's paper
        {
            "q1": "density = sp.exp(-sp.Abs(2 * sp.atanh(g) - mu) / b) * 2 / (1 - g**2)" + MOMENTS,
            "q3": squeezed("distance + math.log(2) + log_b + (y * (1 - y)).log()"),
            "q5a": fit(MEDIAN, DEVIATION + ".mean().expand_as(mu)"),
        },
        15,
        {
            "q1_density": "a factor 1/(2b)",
            "q3_value": "the squeeze has the Jacobian 1 - 2ε",
            "q3_pixel": "the Jacobian of the squeeze",
            "q3_ends": "white in float32",
            "q5_fit": "b is the same for all columns",
        },
    ),
    "exp_then_log": (
        {
            "q3": squeezed(
                "-torch.log(torch.exp(-distance) / (2 * log_b.exp()) / (y * (1 - y)) * (1 - 2 * eps))"
            ),
            "q5a": "def fit(values, eps):\n"
            "    mu = torch.zeros(values.shape[1], requires_grad=True)\n"
            "    log_b = torch.zeros(values.shape[1], requires_grad=True)\n"
            "    adam = torch.optim.Adam([mu, log_b], lr=0.01)\n"
            "    for _ in range(100):\n"
            "        adam.zero_grad()\n"
            "        p = LogitLaplace(mu, log_b.exp(), squeeze=eps)\n"
            "        (-p.log_prob(values).mean()).backward()\n"
            "        adam.step()\n"
            "    return mu.detach(), log_b.exp().detach()",
            "q5c": "def no_poles(values):\n    print(fit(values, 0.2))",
        },
        16,
        {
            "q3_ends": "Is 1 - y a rounded difference",
            "q3_extremes": "the loss is inf",
            "q5_fit": "nats more than the best mu and b",
            "q5_poles": "TypeError",
        },
    ),
}

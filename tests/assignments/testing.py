"""Submissions to the assignment "testing", and what each deserves.

A case is the perfect submission with other answers in it; the points of the whole; and the test cells that
take points away, each with a part of the sentence that the student reads.
"""

Case = tuple[dict[str, str], int, dict[str, str]]

CELLS = {
    "q1": ["q1_two", "q1_four", "q1_six", "q1_eight"],
    "q2": ["q2_two", "q2_four", "q2_six"],
    "q3": ["q3_two", "q3_four", "q3_six", "q3_eight", "q3_ten"],
    "q4": ["q4_two", "q4_four", "q4_six", "q4_eight"],
}


def checks(**bodies: str) -> dict[str, str]:
    """The four checks, all with the same argument."""
    names = {"q1": "check_gaussian", "q2": "check_kl", "q3": "check_grey_levels", "q4": "check_density"}
    return {
        key: f"def {names[key]}(loss):\n    " + body.strip().replace("\n", "\n    ")
        for key, body in bodies.items()
    }


def lost(question: str, sentence: str, after: int = 0) -> dict[str, str]:
    """All cells of a question, or those after the first few, with one sentence."""
    return dict.fromkeys(CELLS[question][after:], sentence)


def loss(body: str) -> str:
    return f"def unnoticed(x, x_hat, mu, logvar):\n    return {body}"


def right_ones(condition: str) -> str:
    """Compares with the formula, at one point."""
    return f"""\
def right_ones(losses):
    x, x_hat = torch.rand(2, 4, 1, 5, 5)
    mu, logvar = torch.randn(2, 4, 3)
    sse, kl = (x - x_hat).square().sum(), kl_of(mu, logvar).sum()
    return {{name for name, loss in losses.items() if {condition}}}
"""


INPUTS_1 = """\
x, mean = torch.rand(3, 3, 5, 4), torch.rand(3, 3, 5, 4)
log_sigma = torch.tensor(0.4)
got = loss(x, mean, log_sigma)
exact = -Normal(mean, log_sigma.exp()).log_prob(x).sum((1, 2, 3))
"""
INPUTS_2 = """\
mu, logvar = torch.randn(6, 4), torch.randn(6, 4)
got = loss(mu, logvar)
exact = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)
"""
WEAK = checks(
    q1="""
x, mean = torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)
got = loss(x, mean, torch.tensor(0.0))
assert abs(got - 1.4189) < 1e-2, got
""",
    q2="""
zero = torch.zeros(1, 2)
assert loss(zero, zero).abs() < 1e-3
assert loss(zero + 1, zero) > 0
""",
    q3="""
level, middle = torch.arange(256.0), torch.tensor(128.0)
for scale in (0.2, 10.0):
    mass = loss(level, middle, torch.tensor(scale)).exp()
    assert abs(mass.sum() - 1) < 1e-2, mass.sum()
assert loss(middle, middle, middle) <= 0
""",
    q4="""
x = (torch.arange(10_000) + 0.5) / 10_000
mass = loss(x, torch.tensor(0.0)).exp().mean()
assert abs(mass - 1) < 1e-2, mass
""",
)
CASES: dict[str, Case] = {
    "perfect": ({}, 20, {}),
    "other_forms": (  # without assert, in float32, with loops, and helpers of their own
        checks(
            q1=f"""
{INPUTS_1}
if (got - exact).abs().max() > 0.05:
    raise ValueError("value")
s = torch.tensor(0.4, requires_grad=True)
loss(x, mean, s).sum().backward()
z = (x - mean) / s.exp()
np.testing.assert_allclose(s.grad.item(), (1 - z**2).sum().item(), rtol=1e-3)
""",
            q2="""
for logvar in (-9.0, -1.0, 0.0, 2.0, 9.0):
    for latents in (1, 5):
        mu = torch.randn(4, latents).numpy()
        exact = [sum((m * m + math.exp(logvar) - 1 - logvar) / 2 for m in row) for row in mu]
        got = loss(torch.from_numpy(mu), torch.full((4, latents), logvar))
        np.testing.assert_allclose(got.tolist(), exact, rtol=1e-3, atol=1e-3)
""",
            q3="""
def at(level, loc, scale):
    loc = torch.tensor(float(loc)).double().requires_grad_()
    value = loss(torch.tensor(float(level)).double(), loc, torch.tensor(float(scale)).double())
    return value.item(), torch.autograd.grad(value, loc)[0].item()

every = torch.arange(256.0).double()
for loc, scale in [(0, 3), (254.8, 3), (128, 900), (90, 0.1)]:
    total = loss(every, torch.tensor(float(loc)).double(), torch.tensor(float(scale)).double())
    if abs(total.logsumexp(0)) > 0.003:
        raise ArithmeticError(f"masses at {loc}, {scale}")
assert math.isclose(at(50, 49.6, 0.7)[0], at(50, 50.4, 0.7)[0], rel_tol=1e-2)
assert math.exp(at(50, 50, 0.06)[0]) > 0.99
for loc in (-100, 30, 70, 400):
    value, slope = at(50, loc, 0.5)
    assert math.isfinite(value) and slope * (50 - loc) > 0
""",
            q4="""
def integral(eta, power=0):
    x = (torch.arange(10_000) + 0.5) / 10_000
    return (x**power * loss(x, torch.tensor(eta)).exp()).mean().item()

means = [integral(eta, 1) for eta in (-39.0, -5.0, 0.1, 5.0, 39.0)]
assert means == sorted(means) and means[0] < 0.06 and means[-1] > 0.94
for eta in (-5.0, 0.9, 0.0, 20.0):
    assert abs(integral(eta) - 1) < 5e-3
for eta in (0.0, 900.0, -900.0, 2.0):
    eta = torch.tensor(eta).double().requires_grad_()
    x = torch.tensor(0.77).double()
    value = loss(x, eta)
    value.backward()
    assert value.isfinite() and eta.grad.isfinite()
h = 1e-3
rise = (loss(x, eta.detach() + h) - loss(x, eta.detach() - h)) / (2 * h)
assert abs(rise - eta.grad) < 0.01
""",
        )
        | {
            "q5a": "def right_ones(losses):\n"
            "    def gradients(loss):\n"
            "        torch.manual_seed(0)\n"
            "        shapes = (4, 3, 2, 5), (4, 3, 2, 5), (4, 6), (4, 6)\n"
            "        inputs = [torch.randn(s).double().requires_grad_() for s in shapes]\n"
            "        return torch.autograd.grad(loss(*inputs), inputs, materialize_grads=True)\n\n"
            "    exact = gradients(lambda x, h, m, v: (((x - h)**2).sum() / 2 + kl_of(m, v).sum()) / 4)\n"
            "    same = lambda loss: all(map(torch.allclose, gradients(loss), exact))\n"
            "    return set(name for name in losses if same(losses[name]))",
            "q5b": loss("1e-3 * ((x - x_hat) ** 2).sum() + 5 * kl_of(mu, logvar).sum()"),
        },
        20,
        {},
    ),
    "weak_points": (  # one pixel, σ = 1, the prior, the middle, η = 0
        WEAK,
        6,
        lost("q1", "No test notices that a larger image does not cost more; that three", after=1)
        | lost("q2", "No test notices that the divergence is wrong at a variance other", after=0)
        | lost("q3", "; that a level is not in the middle of what it owns; that no gradient", after=1)
        | lost("q4", "No test notices that it integrates to one at eta = 0 and nowhere", after=0),
    ),
    "values_alone": (  # good places, and no gradient anywhere
        checks(
            q1=INPUTS_1 + "assert torch.allclose(got, exact, rtol=1e-3), got",
            q2=INPUTS_2 + "assert torch.allclose(got, exact, rtol=1e-3, atol=1e-3), got",
            q3="""
level = torch.arange(256.0)[:, None]
for scale in (0.1, 5.0, 80.0):
    mass = loss(level, torch.tensor([-20.0, 0.0, 77.0, 255.0, 270.0]), torch.tensor(scale)).exp()
    assert torch.allclose(mass.sum(0), torch.ones(5), atol=1e-3)
assert abs(loss(level[9], level[8], level[3]) - loss(level[9], level[10], level[3])) < 1e-3
assert loss(level[8], level[8], torch.tensor(0.1)).exp() > 0.9
""",
            q4="""
x = (torch.arange(10_000) + 0.5)[:, None] / 10_000
density = loss(x, torch.tensor([-12.0, -4.0, 0.0, 0.7, 4.0, 12.0])).exp()
assert torch.allclose(density.mean(0), torch.ones(6), atol=2e-3)
assert ((x * density).mean(0).diff() > 0).all()
""",
        ),
        14,
        {
            "q1_eight": "7 of 8 wrong losses noticed, as found in AntixK's PyTorch-VAE, disentanglement_lib",
            "q2_six": "5 of 6 wrong losses noticed, as found in DALLE-pytorch",
            "q3_eight": "7 of 10 wrong losses noticed, as found in Efficient-VDVAE",
            "q3_ten": "No test notices that no gradient comes from a level that is far away; that a level",
            "q4_six": "No test notices that beyond some eta nothing changes; that the gradient at one",
            "q4_eight": "that the gradient is not the derivative of the value",
        },
    ),
    "too_strict": (  # each fails with some right loss
        checks(
            q1=INPUTS_1 + "torch.testing.assert_close(got, exact)",
            q2=INPUTS_2 + "assert torch.allclose(got, exact, rtol=1e-3, atol=0)\n"
            "assert loss(0 * mu, 0 * logvar).abs().max() < 1e-5",
            q3="""
level, loc, scale = torch.arange(256.0), torch.tensor(99.0), torch.tensor(7.0)
exact = DiscretizedLogistic(loc / 255, scale / 255).log_prob(level / 255)
assert torch.allclose(loss(level, loc, scale), exact, atol=1e-3), "not a logistic"
""",
            q4="""
x = torch.rand(100)
eta = torch.tensor(1.5)
exact = ContinuousBernoulli(logits=eta).log_prob(x)
assert torch.allclose(loss(x, eta), exact, atol=1e-3), "no continuous Bernoulli"
""",
        ),
        4,
        lost("q1", "it fails with a right loss, right_nll: AssertionError: Tensor-likes are not close")
        | lost("q2", "it fails with a right loss, right_kl: Assertion")
        | lost("q3", "it fails with a right loss, a normal: AssertionError: not a logistic")
        | lost("q4", "it fails with a right loss, a truncated normal: AssertionError: no continuous"),
    ),
    "accepts_everything": (
        checks(q1="loss", q2="pass", q3="assert True", q4="loss(torch.rand(3), torch.rand(3))"),
        4,
        lost("q1", "it does not notice wrong_nll")
        | lost("q2", "it does not notice wrong_kl")
        | lost("q3", "it does not notice wrong_log_mass")
        | lost("q4", "it does not notice wrong_log_density"),
    ),
    "rejects_everything": (
        checks(q1="assert False, 'no'", q2="loss()", q3="raise ValueError('no')", q4="return loss.missing"),
        4,
        lost("q1", "it fails with a right loss, right_nll: AssertionError: no")
        | lost("q2", "it fails with a right loss, right_kl: TypeError: right_kl() missing 2 required")
        | lost("q3", "it fails with a right loss, right_log_mass: ValueError: no")
        | lost("q4", "it fails with a right loss, right_log_density: AttributeError"),
    ),
    "returns": (
        checks(
            q1=INPUTS_1 + "return torch.allclose(got, exact, rtol=1e-3)",
            q2=INPUTS_2 + "return (got - exact).abs().max() < 1e-3",
            q3="print(loss(torch.tensor(3.0), torch.tensor(3.0), torch.tensor(1.0)))",
            q4="return False",
        )
        | {
            "q5a": "def right_ones(losses):\n    print('b', 'd')",
            "q5b": "def unnoticed(x, x_hat, mu, logvar):\n    print(F.mse_loss(x_hat, x))",
        },
        0,
        lost("q1", "returns nothing, and this one returned True: write assert")
        | lost("q2", "returns nothing, and this one returned tensor(True): write assert")
        | lost("q3", "it does not notice wrong_log_mass")
        | lost("q4", "returns nothing, and this one returned False: write assert")
        | {
            "q5_five": "a set of names, got None",
            "q5_others": "a set of names, got None",
            "q5_weak": "a number in a tensor is expected, got None",
            "q5_collapse": "a number in a tensor is expected, got None",
        },
    ),
    "peeks": (  # at the name, at what is behind it, at the source, and at its own file
        checks(
            q1="x = torch.zeros(1, 1, 2, 2)\nassert loss(x, x, torch.tensor(0.0)).any()\n"
            "assert not any(word in loss.__name__ for word in ('half', 'mean', 'wrong', 'zero'))",
            q2="assert loss(torch.ones(1, 1), torch.ones(1, 1)).any()\n"
            "assert loss.__closure__[0].cell_contents.__name__ != '<lambda>'",
            q3="import inspect\nat = torch.tensor(90.0)\nassert loss(at, at + 3, at / 9)\n"
            "assert 'clamp' not in inspect.getsource(loss.__closure__[0].cell_contents)",
            q4="assert 'right' in open('testing.ipynb').read()",
        ),
        4,
        lost(
            "q1",
            "1 of 8 wrong losses noticed, as found in latent-diffusion. No test notices that the squared",
        )
        | lost("q2", "it fails with a right loss, a mean, times the number of latents: AssertionError")
        | lost("q3", "it fails with a right loss, a logistic, mirrored: AssertionError")
        | lost("q4", "it fails with a right loss, right_log_density: FileNotFoundError"),
    ),
    "memorises": (  # counts, the functions, the first value, the values
        {
            "q1": "seen = []\ndef check_gaussian(nll):\n    seen.append(nll)\n"
            "    x = torch.ones(1, 1, 2, 2)\n    assert nll(x, x, torch.tensor(0.1)).any()\n"
            "    assert len(seen) < 9 or len(seen) % 2",
            "q2": "before = set()\ndef check_kl(kl):\n    before.add(kl)\n"
            "    assert kl(torch.ones(1, 1), torch.ones(1, 1)).any() and len(before) < 12",
            "q3": "first = []\ndef check_grey_levels(log_mass):\n"
            "    at = torch.tensor(90.0)\n    value = log_mass(at, at + 3, at / 9).item()\n"
            "    first.append(value)\n    assert abs(value - first[0]) < 1e-3, 'not the first'",
            "q4": "known = []\ndef check_density(log_density):\n"
            "    value = log_density(torch.tensor(0.3), torch.tensor(2.0)).item()\n    known.append(value)\n"
            "    assert value < 0.9 and known.count(value) < 3",
        },
        4,
        lost("q1", "it fails with a right loss, ")
        | lost("q2", "it fails with a right loss, ")
        | lost("q3", "it fails with a right loss, a normal: AssertionError: not the first")
        | lost("q4", "it fails with a right loss, "),
    ),
    "typed_names": (
        {
            "q5a": 'def right_ones(losses):\n    return {"b", "d"} & set(losses)',
            "q5b": loss("0.5 * F.mse_loss(x_hat, x, reduction='sum') + kl_of(mu, logvar).sum()"),
        },
        16,
        {
            "q5_five": "not called right and is: two means, each times its number of terms",
            "q5_others": "not called right and is: torch's divergence",
            "q5_weak": "it trains like a right one",
            "q5_collapse": "8 of 8 latents are used",
        },
    ),
    "half_a_test": (  # one place, one kind of wrong
        {
            "q5a": right_ones("torch.isclose(loss(x, x_hat, mu, logvar), (sse / 2 + kl) / 4, rtol=1e-3)"),
            "q5b": loss("(F.mse_loss(x_hat, x, reduction='sum') + kl_of(mu, logvar).sum()) / len(x)"),
        },
        17,
        {
            "q5_five": "not called right and is: a normal with its constant",
            "q5_others": "called right and is not: a mean over the colours",
            "q5_collapse": "8 of 8 latents are used: which of the two terms has to become heavier?",
        },
    ),
    "other_names": (
        {
            "q1": "def check_nll(nll):\n    assert False",
            "q2": "check_kl = 'assert'",
            "q5a": "def right_ones(losses):\n    return ['b', 'd']",
            "q5b": loss("kl_of(mu, logvar).sum(1).mean()"),
        },
        9,
        lost("q1", "name 'check_gaussian' is not defined")
        | lost("q2", "a check is a function, got 'assert'")
        | {
            "q5_five": "a set of names, got ['b', 'd']",
            "q5_others": "a set of names, got ['b', 'd']",
            "q5_weak": "an input without gradient",
            "q5_collapse": "an input without gradient",
        },
    ),
    "leaves_a_mess": (
        {
            "q1": """\
def check_gaussian(nll):
    torch.set_default_dtype(torch.float64)
    x, mean = torch.rand(2, 5, 3, 4, 6)
    log_sigma = torch.tensor(-1.3, requires_grad=True)
    z = (x - mean) / log_sigma.exp()
    exact = (z**2 / 2 + log_sigma + math.log(math.tau) / 2).sum((1, 2, 3))
    got = nll(x, mean, log_sigma)
    assert torch.allclose(got, exact, rtol=1e-3), "value"
    slopes = [torch.autograd.grad(v.sum(), log_sigma)[0] for v in (got, exact)]
    torch.set_grad_enabled(False)
    assert torch.allclose(*slopes, rtol=1e-3), "gradient"
"""
        },
        20,
        {},
    ),
}

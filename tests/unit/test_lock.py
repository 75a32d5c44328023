"""The locks, read as data: they pin all that the requirements ask for, by hash."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements", "requirements-dev")
# Python 3.11.0 is apart: one marker names the patch release.
PYTHONS = ("3.11.0", "3.11.14", "3.12.0", "3.13.0", "3.14.0")
PLATFORMS = {"linux": "Linux", "darwin": "Darwin"}


def entries(name: str) -> list[str]:
    """Return the entries of a requirements file, each with its options, on one line."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def requirements(name: str) -> list[Requirement]:
    return [Requirement(entry.split(" --hash=")[0]) for entry in entries(name)]


def versions(name: str, python: str, platform: str) -> dict[str, set[str]]:
    """Return the specifiers of each package that a file asks for on a Python and platform."""
    environment = {str(key): str(value) for key, value in default_environment().items()} | {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": platform,
        "platform_system": PLATFORMS[platform],
    }
    found: dict[str, set[str]] = defaultdict(set)
    for requirement in requirements(name):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            found[canonicalize_name(requirement.name)].add(str(requirement.specifier))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_entry_is_one_version_with_hashes(lock: str) -> None:
    """An entry is a version and the SHA-256 of its files: no index, no URL, nothing unpinned."""
    assert entries(f"{lock}.lock")
    for entry in entries(f"{lock}.lock"):
        requirement, *hashes = entry.split(" --hash=")
        assert re.fullmatch(r"[\w.-]+==[\w.!+]+( ; [^@/]+)?", requirement.strip()), entry
        assert hashes, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest.strip()) for digest in hashes), entry


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_the_direct_requirements(lock: str, python: str, platform: str) -> None:
    """`make lock` was run after the last change of the requirements."""
    direct = versions(f"{lock}.txt", python, platform)
    assert direct.items() <= versions(f"{lock}.lock", python, platform).items()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_locks_agree(python: str, platform: str) -> None:
    """On one Python and platform, a package has one version, the same in both locks."""
    runtime, dev = (versions(f"{lock}.lock", python, platform) for lock in LOCKS)
    for package, pins in [*runtime.items(), *dev.items()]:
        assert len(pins) == 1, package
        assert pins == runtime.get(package, pins), package


def test_only_locks_are_installed() -> None:
    """Make and the image install from the locks, and check the hashes."""
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^INSTALL := .* --require-hashes$", makefile, re.M)
    assert re.findall(r"^\t\$\(INSTALL\) -r (\S+)$", makefile, re.M) == [
        f"{lock}.lock" for lock in LOCKS
    ]
    installed = r"pip install [^&]*--require-hashes -r requirements\.lock$"
    assert re.search(installed, (ROOT / "Dockerfile").read_text(), re.M)

"""What readers make of damaged files: bytes changed, cut out, repeated, or from another file.

    python -m benchmarks.damaged_files [--inputs 10000] [--seed 1] [FILE or FOLDER …]

The files named, or the samples, are damaged again and again, and read in limited, confined
processes, many files in each. A table in Markdown comes out: how many of each format were read,
refused with a sentence, and how many ended their process. Each of the last is printed, by the seed
and the number that make it again, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import signal
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from jobs.extraction.confinement import confine
from jobs.extraction.file_types import MEDIA_TYPES, UnreadableFileError
from jobs.extraction.read_text import read
from jobs.extraction.readers import ocr_data
from jobs.extraction.resource_limits import limit_resources

ROOT = Path(__file__).resolve().parents[1]
MEMORY_MB, SECONDS = 2048, 60
INPUTS_OF_A_PROCESS = 50
MOST_CHANGES, MOST_BYTES = 40, 64
# Of archives, such as DOCX, whose damage is within; of changes, those that cut off the rest.
MEMBERS_SHARE, CUT_SHARE = 0.8, 0.1
MARKS = b"\x00\xff<>/(){}[]&;\"'\r\n0123456789"
READ, REFUSED, TOO_LARGE, ENDED = "read", "refused", "memory refused", "ended the process"


def main() -> int:
    options = _options()
    files = list(_files(options.paths or [ROOT / "samples"]))
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    number = 0
    while number < options.inputs:
        end = min(number + INPUTS_OF_A_PROCESS, options.inputs)
        for suffix, outcome in _outcomes(files, options.seed, number, end):
            if outcome == ENDED:
                print(f"--seed {options.seed}, number {number}: {suffix} {outcome}", flush=True)
            outcomes[suffix][outcome] += 1
            number += 1
    print(_table(outcomes))
    return 1 if any(counts[ENDED] for counts in outcomes.values()) else 0


def damaged(files: list[Path], seed: int, number: int) -> tuple[str, bytes]:
    """Return the suffix and the bytes of one input; the same for the same arguments."""
    dice = random.Random(f"{seed} {number}")
    path = dice.choice(files)
    data = path.read_bytes()
    if zipfile.is_zipfile(path) and dice.random() < MEMBERS_SHARE:
        return path.suffix.lower(), _with_damaged_members(data, dice)
    return path.suffix.lower(), _damaged(data, dice.choice(files).read_bytes(), dice)


def _with_damaged_members(data: bytes, dice: random.Random) -> bytes:
    """Damage some of the files within an archive, which stays whole itself."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        contents = {name: old.read(name) for name in old.namelist()}
        chosen = set(dice.sample(sorted(contents), dice.randint(1, min(3, len(contents)))))
        for name, content in contents.items():
            other = contents[dice.choice(sorted(contents))]
            new.writestr(name, _damaged(content, other, dice) if name in chosen else content)
    return target.getvalue()


def _damaged(original: bytes, other: bytes, dice: random.Random) -> bytes:
    data = bytearray(original)
    for _ in range(dice.randint(1, MOST_CHANGES)):
        at, size = dice.randrange(len(data) + 1), dice.randint(1, MOST_BYTES)
        match dice.randrange(6):
            case 0:
                data[at : at + size] = dice.randbytes(size)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size] * dice.randint(1, 20)
            case 3:
                data[at : at + 1] = bytes([dice.choice(MARKS)])
            case 4:
                data[at : at + size] = other[at : at + size]
            case _ if dice.random() < CUT_SHARE:
                del data[at:]
    return bytes(data)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix.lower() in MEDIA_TYPES and file.stat().st_size:
                yield file


def _outcomes(files: list[Path], seed: int, start: int, end: int) -> Iterator[tuple[str, str]]:
    """Read these inputs in one process; yields up to the one that ends it."""
    source, target = os.pipe()
    child = os.fork()
    if not child:
        os.close(source)
        _read_all(files, seed, range(start, end), target)
    os.close(target)
    done = start
    with os.fdopen(source) as lines:
        for line in lines:
            suffix, outcome = line.rstrip("\n").split("\t")
            done += 1
            yield suffix, outcome
    _, status = os.waitpid(child, 0)
    if done < end:
        print(f"exit code {os.waitstatus_to_exitcode(status)}:", end=" ")
        yield damaged(files, seed, done)[0], ENDED


def _read_all(files: list[Path], seed: int, numbers: range, target: int) -> None:
    """Read inputs, and write what becomes of each, a line at once. Ends this process."""
    inputs = [damaged(files, seed, number) for number in numbers]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    limit_resources(MEMORY_MB, SECONDS)
    confine(ocr_data.FOLDERS)
    for suffix, data in inputs:
        try:
            read(data, suffix, lambda _values: None)
            outcome = READ
        except MemoryError:
            outcome = TOO_LARGE
        except (UnreadableFileError, OSError, RuntimeError, SyntaxError, ValueError):
            outcome = REFUSED  # as `jobs.extraction.read_text` has it
        except BaseException as error:  # what is looked for
            sys.stderr.write(f"{suffix}: {error!r}\n")
            os._exit(1)
        os.write(target, f"{suffix}\t{outcome}\n".encode())
    os._exit(0)


def _table(outcomes: dict[str, Counter[str]]) -> str:
    names = (READ, REFUSED, TOO_LARGE, ENDED)
    rows = [f"| Format | Inputs | {' | '.join(names)} |", "|---|" + "--:|" * (len(names) + 1)]
    total = sum(outcomes.values(), Counter[str]())
    for suffix, counts in [*sorted(outcomes.items()), ("all", total)]:
        cells = [f"{counts[name]:,}" for name in names]
        rows.append(f"| {suffix} | {counts.total():,} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE or FOLDER")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""Headers of files that people download: saved and never shown, under a name in any script."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

LONGEST_NAME = 200
# Never rendered by a browser, whatever is in the file.
HARMLESS = "application/octet-stream"


def attachment(name: str) -> dict[str, str]:
    """Return the header of a file to be saved under this name (RFC 6266), in Latin-1.

    Of a path, the last part counts. Controls and marks of direction, which can make `exe` look like
    `pdf`, are left out.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    whole = "".join(each for each in last if unicodedata.category(each)[0] != "C")
    whole = whole[-LONGEST_NAME:].strip(". ") or "file"
    plain = whole.encode("ascii", "replace").decode().translate(str.maketrans('"\\?%', "____"))
    value = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe='')}"
    return {"Content-Disposition": value}

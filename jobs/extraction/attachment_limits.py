"""How much of what a file holds becomes documents of their own: the one place for these limits.

Each also passes the checks of an upload, and counts towards the quota of who added the file.
"""

from __future__ import annotations

# Files from one archive or mail.
MAX_ATTACHMENTS = 1000
# Of one, and of all from one archive or mail, unpacked. They wait in temporary files of the worker.
MAX_ATTACHMENT_BYTES = 128 * 1024**2
MAX_ATTACHMENTS_BYTES = 256 * 1024**2
# An archive in a mail in an archive is still unpacked; what a fourth holds is not.
MAX_NESTING = 3
# As many bytes are handed over in one line, in Base64.
LINE_BYTES = 96 * 1024
# Of a name, its end, which has the extension.
MAX_NAME_CHARS = 400

"""Fetch the Jenkins xUnit schema: `python tests/fetch_junit_xsd.py DEST`.

pytest ships `junit-10.xsd` in its source distribution, from where it is taken with pip. The
tests of strict JUnit find it by the environment variable PVT_JUNIT_XSD.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NAME = "junit-10.xsd"
PIP = ("-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pytest", "pytest")


def fetch(dest: Path) -> None:
    """Write the schema to `dest`.

    Raises:
        subprocess.CalledProcessError: pip could not get the source distribution.
        FileNotFoundError: The schema is not in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, *PIP, "--dest", folder], check=True)
        (sdist,) = Path(folder).glob("pytest-*.tar.gz")
        with tarfile.open(sdist) as archive:
            for member in archive:
                if member.isfile() and Path(member.name).name == NAME:
                    file = archive.extractfile(member)
                    assert file is not None
                    dest.write_bytes(file.read())
                    return
    raise FileNotFoundError(f"{NAME} is not in {sdist.name}")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))

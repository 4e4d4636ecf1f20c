"""Looks the locked packages of the app up in the database of known vulnerabilities: `python -m tests.audit`.

Fails on a finding. What could not be looked up is said, and does not fail: tests need no network.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.txt"


def main() -> int:
    command = [
        "-m",
        "pip_audit",
        "--requirement",
        str(LOCK),
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--timeout",
        "10",
    ]
    audit = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        print(f"Not audited, the database of vulnerabilities cannot be reached: {audit.stderr.strip().splitlines()[-1:]}")
        return 0
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    found = [(package["name"], flaw["id"]) for package in packages for flaw in package.get("vulns", [])]
    for name, flaw in found:
        print(f"{name} has a known vulnerability: {flaw}")
    print(f"{len(packages) - len(unknown)} of {len(packages)} locked packages audited, {len(found)} known vulnerabilities.")
    if unknown:
        print(f"The database of vulnerabilities says nothing of the other {len(unknown)}: it may be out of reach.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

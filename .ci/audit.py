"""Hold every locked requirement against the known advisories (pip-audit): `make audit`.

Exit code 0: no advisory, or the advisories cannot be reached, which is said; 1: an advisory that nobody has accepted;
2: `.ci/audit-accepted.toml` cannot be used. One package is asked about first, so that where nobody answers no more are.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = Path(__file__).with_name("audit-accepted.toml")
PROBE = "streamlit"
LONGEST = 300  # characters of an advisory's text
FINE, FOUND, UNUSABLE = 0, 1, 2

Pins = Mapping[str, str]
Ask = Callable[[Pins], "dict[str, Any] | None"]


def pins(locks: Iterable[Path]) -> dict[str, str]:
    """Package -> version, of all locks together."""
    found: dict[str, str] = {}
    for lock in locks:
        for name, version in re.findall(
            r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock.read_text(), re.MULTILINE
        ):
            found[name.lower()] = version
    return found


def ask(asked: Pins) -> dict[str, Any] | None:
    """What pip-audit knows of packages; None where it could not find out."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{name}=={version}\n" for name, version in asked.items())
        file.flush()
        options = ["-r", file.name, "--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off"]
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, check=False
        )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        print(done.stderr.strip()[-LONGEST:])
        return None
    return answer


def accepted(path: Path, today: date) -> dict[str, str]:
    """Advisory -> why it is accepted; ValueError where an entry lacks a reason or an end, or has ended."""
    found: dict[str, str] = {}
    for entry in tomllib.loads(path.read_text()).get("accepted", []):
        if set(entry) != {"id", "reason", "until"} or not str(entry["reason"]).strip():
            raise ValueError(f"{entry.get('id', 'an entry')} needs id, reason and until, and nothing else")
        if not isinstance(entry["until"], date) or entry["until"] < today:
            raise ValueError(f"{entry['id']} was accepted until {entry['until']}: look at it again")
        found[entry["id"]] = entry["reason"]
    return found


def audit(asked: Pins, known: Mapping[str, str], asks: Ask = ask) -> int:
    """Say what is known of the packages, and return the exit code."""
    probe = asks({PROBE: asked[PROBE]})
    if probe is None or any("skip_reason" in package for package in probe["dependencies"]):
        print("The advisories cannot be reached from here: nothing was audited.")
        return FINE
    answer = asks(asked)
    if answer is None:
        print("The advisories could be reached only for a while: nothing was audited.")
        return FINE
    packages = answer["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        print(f"Nothing is known of {len(skipped)} packages, so they were not audited: {', '.join(skipped)}.")
    new = [fact for package in packages for fact in _advisories(package, known)]
    for line in new:
        print(line)
    n_audited = len(packages) - len(skipped)
    print(f"{n_audited} of {len(packages)} locked packages were audited; {len(new) or 'no'} open advisories.")
    return FOUND if new else FINE


def _advisories(package: Mapping[str, Any], known: Mapping[str, str]) -> Iterable[str]:
    """A line per advisory that is not accepted; accepted ones are said with their reason."""
    for found in package.get("vulns", ()):
        names = [found["id"], *found.get("aliases", ())]
        reason = next((known[name] for name in names if name in known), None)
        if reason is not None:
            print(f"{package['name']} {package['version']}: {found['id']} is accepted: {reason}")
            continue
        fixed = ", ".join(found.get("fix_versions", ())) or "no version yet"
        text = " ".join(str(found.get("description", "")).split())[:LONGEST]
        yield f"{package['name']} {package['version']}: {', '.join(names)}. Fixed in {fixed}. {text}"


def main() -> int:
    """Audit the locks of the checkout."""
    try:
        known = accepted(ACCEPTED, datetime.now(UTC).date())
    except (ValueError, OSError) as error:  # tomllib's errors are ValueErrors
        print(f"{ACCEPTED.name}: {error}")
        return UNUSABLE
    return audit(pins(sorted(ROOT.glob("requirements*.txt"))), known)


if __name__ == "__main__":
    sys.exit(main())

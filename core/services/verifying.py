"""`core verify`: whether the model files are what the ledger says, and the compiled models still agree."""

from __future__ import annotations

from typing import Any

from core.errors import BundleProblem, DeskError
from core.services.desk import Desk

TOLERANCE = 1e-12


def verify(desk: Desk, key: str | None = None) -> dict[str, Any]:
    """Check every version of one use case, or of all.

    Checksums are compared file against card and card against ledger, then the trusted joblib files are
    opened and the compiled form is compared with them on the reference rows again.

    Raises
    ------
    BundleProblem
        At least one version fails; the message names each.
    """
    keys = [desk.use_case(key).key] if key else list(desk.use_cases())
    checks: list[dict[str, Any]] = []
    for name in keys:
        for version in desk.versions(name):
            checks.append(_check(desk, name, version))
    broken = [f"{check['use_case']} {check['version']}: {check['problem']}" for check in checks if check["problem"]]
    if broken:
        raise BundleProblem(" ".join(broken), "Roll back to a version that passes, or train again.", checks=checks)
    return {"versions": checks, "ledger_chain": "intact" if desk.ledger.verify_chain() is None else "broken"}


def _check(desk: Desk, key: str, version: str) -> dict[str, Any]:
    from core.ml.compile import compare
    from core.store.bundles import load_fitted

    facts: dict[str, Any] = {"use_case": key, "version": version, "difference": None, "problem": ""}
    try:
        scorer = desk.scorer(key, version)
        fitted = load_fitted(desk.folder(key) / version, scorer.card)
        facts["difference"] = compare(scorer.use_case, scorer.bundle, fitted)
        if facts["difference"] > TOLERANCE:
            facts["problem"] = f"compiled models differ by {facts['difference']:.1e}."
    except DeskError as error:
        facts["problem"] = error.message
    return facts

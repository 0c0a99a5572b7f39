"""`core verify`: whether the model files are what the ledger says, and the compiled models still agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.domain.features import feature_matrix
from core.errors import BundleProblem, DeskError
from core.ml.scorer import Scorer
from core.services.desk import Desk
from core.services.exchange import ORIGIN
from core.services.reference import typed_columns
from core.store.foreign import open_trusted


def verify(desk: Desk, key: str | None = None) -> dict[str, Any]:
    """Check every version of one use case, or of all.

    Checksums are compared file against card and card against ledger, then the trusted joblib files are
    opened and the compiled form is compared with them on the reference rows again. Nobody here has vouched for
    the joblib files of a version that was pulled from another registry: they stay closed.

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
    facts: dict[str, Any] = {"use_case": key, "version": version, "difference": None, "note": "", "problem": ""}
    try:
        scorer = desk.scorer(key, version)
        record = desk.ledger.version(key, version)
        if record is not None and record.origin == ORIGIN:
            facts["note"] = "pulled: files checked, joblib files never opened, so nothing to compare with"
        else:
            facts["difference"] = _difference(scorer, desk.folder(key) / version)
    except DeskError as error:
        facts["problem"] = error.message
    return facts


def _difference(scorer: Scorer, folder: Path) -> float:
    """Largest gap between compiled and scikit-learn models on the reference rows; raises beyond 1e-12."""
    from core.ml.compile import largest_difference
    from core.ml.preprocess import feature_frame

    use_case, bundle = scorer.use_case, scorer.bundle
    objects = open_trusted(folder, {name: sha for name, sha in bundle.card.files.items() if name.endswith(".joblib")})
    models = {name: objects[f"{name}.joblib"] for name in bundle.card.models}
    columns = typed_columns(use_case.schema, bundle.reference)
    matrix = feature_matrix(use_case.features, columns, bundle.reference.num_rows)
    frame = feature_frame(use_case, matrix)
    return largest_difference(bundle.compiled, objects["preprocessor.joblib"], models, frame)

"""Bring in a bundle that was trained elsewhere, after a person has repeated the hashes of its files.

The layout is that of the BNPL case: `<prefix>_preprocessor_v1.joblib`, `<prefix>_<model>_v1.joblib` for each
of the four models, and optionally `<prefix>_..._metadata_v1.json`.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.domain.usecase import UseCase
from core.errors import BundleProblem, InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.training import Origin, read_labelled, shelve
from core.store.foreign import fingerprints, open_trusted

_NAME = re.compile(r"(?:.*?_)?(?P<part>[a-z0-9]+)_v\d+\.joblib$")
PREPROCESSOR = "preprocessor"


def import_bundle(
    desk: Desk,
    actor: Actor,
    folder: Path,
    reference: Path,
    *,
    trust: frozenset[str],
    key: str | None = None,
    act: bool = False,
) -> dict[str, Any]:
    """Judge a foreign bundle on labelled reference rows and put it on the shelf.

    Raises
    ------
    InputError
        Some hash was not repeated; the message lists all of them, nothing was opened.
    BundleProblem
        The bundle fails one of its checks.
    """
    require(actor, Action.IMPORT)
    found = fingerprints(folder)
    unknown = {name: sha256 for name, sha256 in found.items() if sha256 not in trust}
    if unknown:
        listed = "\n".join(f"  {sha256}  {name}" for name, sha256 in found.items())
        raise InputError(
            f"Opening these files runs the code in them:\n{listed}",
            "If you trust whoever made them, repeat the command with --trust and all of these hashes.",
            sha256=found,
        )
    parts = _parts(found)
    objects = open_trusted(folder, {name: found[name] for name in parts.values()})
    use_case = _use_case(desk, key, objects[parts[PREPROCESSOR]])
    _complete(use_case, parts)
    labelled = read_labelled(desk, use_case, reference)

    from core.ml.importing import Foreign, judge

    models = {name: objects[parts[name]] for name in use_case.recipe.model_names}
    trained = judge(use_case, Foreign(objects[parts[PREPROCESSOR]], models), labelled.columns, labelled.target)
    trained = replace(trained, lineage={**trained.lineage, "sha256": found, "metadata": _metadata(folder)})
    return shelve(desk, actor, use_case, trained, labelled, Origin("import", reference.name, act))


def _parts(found: dict[str, str]) -> dict[str, str]:
    """Part (preprocessor, ridge, ...) -> file name."""
    parts: dict[str, str] = {}
    for name in found:
        match = _NAME.match(name)
        if match is None:
            raise BundleProblem(f"{name} is not named like a part of a bundle.", "Expected <prefix>_<part>_v1.joblib.")
        parts[match["part"]] = name
    if PREPROCESSOR not in parts:
        raise BundleProblem("There is no preprocessor among the files.", "Expected <prefix>_preprocessor_v1.joblib.")
    return parts


def _use_case(desk: Desk, key: str | None, preprocessor: Any) -> UseCase:
    """The use case named, or the one whose features the preprocessor was fitted on."""
    if key is not None:
        return desk.use_case(key)
    names = {str(name) for name in getattr(preprocessor, "feature_names_in_", ())}
    for use_case in desk.use_cases().values():
        if names == set(use_case.feature_names):
            return use_case
    raise BundleProblem(
        f"No use case has the {len(names)} features that the preprocessor was fitted on.",
        "Name the use case with --use-case to see which names differ.",
        features=sorted(names),
    )


def _complete(use_case: UseCase, parts: dict[str, str]) -> None:
    missing = [name for name in use_case.recipe.model_names if name not in parts]
    if missing:
        raise BundleProblem(
            f"The bundle lacks {', '.join(missing)}.",
            f"{use_case.title} has the models {', '.join(use_case.recipe.model_names)}.",
        )


def _metadata(folder: Path) -> dict[str, Any]:
    """What the bundle says of itself: kept in the card as its maker's claim, never shown as measured."""
    claims: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            claims[path.name] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BundleProblem(f"{path.name} is not JSON: {error}.", "Mend it or take it out of the folder.") from None
    return claims

"""A bundle: what one training (or import) of one use case leaves behind, ready to serve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from core.errors import BundleProblem
from core.ml.compiled import Compiled


@dataclass(frozen=True)
class Card:
    """What is known about a version; written beside its models as card.json.

    `metrics`, `split`, `lineage`, `calibration` and `interval` hold plain JSON values, so that a page, the API and a
    program can read a card without this package.
    """

    use_case: str
    version: str
    created_at: str  # ISO 8601, UTC
    task: str
    origin: str  # train | import | adopt
    champion: str
    models: tuple[str, ...]
    families: Mapping[str, str]
    feature_names: tuple[str, ...]  # of the use case, in order: a bundle fits only these
    cutoffs: Mapping[str, tuple[float, ...]]  # per model, descending, between the policy's bands
    capacity_cutoffs: Mapping[str, float] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    interval: Mapping[str, Any] = field(default_factory=dict)  # the champion's, see core.ml.intervals
    lineage: Mapping[str, Any] = field(default_factory=dict)
    compile_difference: float = 0.0
    uncompiled: tuple[str, ...] = ()
    verdict: str = ""
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # file name -> sha256

    def to_json(self) -> str:
        """The card as indented JSON with sorted keys, so that equal cards are equal files."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read what `to_json` wrote."""
        facts = json.loads(text)
        for name in ("models", "feature_names", "uncompiled", "notes"):
            facts[name] = tuple(facts[name])
        facts["cutoffs"] = {model: tuple(cuts) for model, cuts in facts["cutoffs"].items()}
        return cls(**facts)

    def with_files(self, files: Mapping[str, str]) -> Card:
        """The same card, naming these files."""
        return replace(self, files=dict(files))


@dataclass(frozen=True)
class Bundle:
    """A card, the compiled models, the profile of the held-out reference rows, and those rows.

    `own` is the card as it was written, where `card` names another model as champion (`led_by`).
    """

    card: Card
    compiled: Compiled
    profile: Mapping[str, Any]
    reference: pa.Table
    own: Card | None = None

    @property
    def identity(self) -> str:
        """What a prediction's id knows of who scored it: the version, and the model where it is not the card's own.

        A version whose acting model changed decides otherwise, so the same row scored again is another prediction.
        """
        return self.card.version if self.own is None else f"{self.card.version}:{self.card.champion}"


def led_by(bundle: Bundle, model: str | None) -> Bundle:
    """The bundle with another of its models as champion; itself for None.

    A prediction interval was made for the champion of the training and goes with it.

    Raises
    ------
    BundleProblem
        The bundle has no such model.
    """
    if model is None or model == bundle.card.champion:
        return bundle
    if model not in bundle.card.models:
        raise BundleProblem(
            f"{bundle.card.use_case} {bundle.card.version} has no model {model}.",
            f"It has {', '.join(bundle.card.models)}.",
        )
    own = bundle.own or bundle.card
    if model == own.champion:
        return replace(bundle, card=own, own=None)
    return replace(bundle, card=replace(own, champion=model, interval={}), own=own)

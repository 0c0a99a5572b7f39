"""The compiled form as one .npz file: numbers and a layout in JSON, read back without unpickling anything."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.features import Floats
from core.errors import BundleProblem
from core.ml.compiled import (
    Calibration,
    Compiled,
    LinearMember,
    MeanMember,
    Member,
    ObjectMember,
    StackMember,
    TreeMember,
)

_ARRAYS = ("source", "impute", "indicator", "centre", "scale")


def pack(compiled: Compiled) -> bytes:
    """The bytes of linear.npz; tree texts are kept apart, in files of their own."""
    arrays: dict[str, Any] = {name: getattr(compiled, name) for name in _ARRAYS}
    members: list[dict[str, Any]] = []
    for place, member in enumerate(compiled.members):
        members.append({"kind": _kind(member), "name": member.name})
        if isinstance(member, MeanMember | StackMember):
            members[-1]["of"] = list(member.of)
        if isinstance(member, LinearMember | StackMember):
            arrays |= {f"{place}.coef": member.coef, f"{place}.intercept": member.intercept}
        if isinstance(member, LinearMember | StackMember | TreeMember):
            arrays[f"{place}.slope"] = np.float64(member.calibration.slope)
            arrays[f"{place}.shift"] = np.asarray(member.calibration.intercept, dtype=np.float64)
    layout = {"task": str(compiled.task), "feature_names": list(compiled.feature_names), "members": members}
    stream = io.BytesIO()
    np.savez_compressed(stream, layout=np.array(json.dumps(layout)), **arrays)
    return stream.getvalue()


def _kind(member: Member) -> str:
    kinds = {LinearMember: "linear", TreeMember: "tree", StackMember: "stack", MeanMember: "mean"}
    return "object" if isinstance(member, ObjectMember) else kinds[type(member)]


def unpack(content: bytes, tree_texts: Mapping[str, str], object_file: Callable[[str], Path]) -> Compiled:
    """Read what `pack` wrote.

    Parameters
    ----------
    content : bytes
    tree_texts : mapping of str to str
        Model -> LightGBM text.
    object_file : callable
        Model -> the joblib file of an estimator that has no compiled form.

    Raises
    ------
    BundleProblem
        A tree model's text is not there.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = dict(stored)
    layout = json.loads(str(arrays["layout"]))
    members: list[Member] = []
    for place, facts in enumerate(layout["members"]):
        name, kind = facts["name"], facts["kind"]
        if kind == "mean":
            members.append(MeanMember(name, tuple(facts["of"])))
        elif kind == "object":
            members.append(ObjectMember(name, StoredEstimator(object_file(name), layout["task"])))
        elif kind in ("linear", "stack"):
            numbers = arrays[f"{place}.coef"], arrays[f"{place}.intercept"], _calibration(arrays, place)
            linear = kind == "linear"
            members.append(LinearMember(name, *numbers) if linear else StackMember(name, tuple(facts["of"]), *numbers))
        elif name in tree_texts:
            members.append(TreeMember(name, tree_texts[name], _calibration(arrays, place)))
        else:
            raise BundleProblem(f"{name}.txt is missing.", "Restore the folder from a backup.", file=f"{name}.txt")
    shared = {name: arrays[name] for name in _ARRAYS}
    return Compiled(layout["task"], tuple(layout["feature_names"]), **shared, members=tuple(members))


def _calibration(arrays: Mapping[str, Any], place: int) -> Calibration:
    return Calibration(float(arrays[f"{place}.slope"]), tuple(arrays[f"{place}.shift"].tolist()))


class StoredEstimator:
    """An imported estimator, opened when its first row arrives."""

    def __init__(self, path: Path, task: str) -> None:
        self._path, self._task = path, task
        self._estimator: Any = None

    def __call__(self, inputs: Floats) -> Floats:
        """Outputs, shape (n_rows, k), of preprocessed inputs, shape (n_rows, n_inputs)."""
        from core.ml.calibrate import outputs_of

        if self._estimator is None:
            import joblib

            self._estimator = joblib.load(self._path)
        rows: Any = np.ascontiguousarray(inputs)
        names = getattr(self._estimator, "feature_names_in_", None)
        if names is not None:
            import pandas

            rows = pandas.DataFrame(rows, columns=names)
        return outputs_of(self._estimator, self._task, rows)

"""Understand a labelled file: the target, and what each column is, with the reason for every decision."""

from core.domain.inference.columns import Inferred, Role
from core.domain.inference.table import ROW_ORDER, Choices, Inference, infer
from core.domain.inference.target import TargetReading

__all__ = ["ROW_ORDER", "Choices", "Inference", "Inferred", "Role", "TargetReading", "infer"]

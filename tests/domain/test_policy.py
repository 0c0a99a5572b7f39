"""Cutoffs and bands: a row is decided alone exactly as in a file."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.policy import Band, Policy, Tone, band_codes

BY_SHARE = Policy(
    (
        Band("top", "call", Tone.GOOD, share=0.1),
        Band("mid", "mail", Tone.FAIR, share=0.3),
        Band("low", "leave", Tone.BAD),
    )
)


def test_shares_become_cutoffs_that_flag_those_shares() -> None:
    scores = np.random.default_rng(1).random(100_000)
    codes = band_codes(scores, BY_SHARE.cutoffs(scores))
    shares = np.bincount(codes, minlength=3) / len(scores)
    assert shares == pytest.approx([0.1, 0.3, 0.6], abs=0.001)


def test_fixed_cutoffs_ignore_the_scores() -> None:
    fixed = Policy((Band("A", "call", Tone.GOOD, at_least=0.7), Band("B", "leave", Tone.BAD)))
    assert fixed.cutoffs(np.array([0.1])) == (0.7,)


def test_a_score_equal_to_a_cutoff_is_in_the_upper_band() -> None:
    assert band_codes(np.array([0.7, np.nextafter(0.7, 0)]), (0.7,)).tolist() == [0, 1]


def test_bands_do_not_depend_on_the_other_rows() -> None:
    scores = np.random.default_rng(2).random(1_000)
    together = band_codes(scores, (0.7, 0.3))
    assert together.tolist() == [int(band_codes(scores[row : row + 1], (0.7, 0.3))[0]) for row in range(1_000)]

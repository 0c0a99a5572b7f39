"""What to do about a debtor: how urgent it is, over which channel, when, in which tone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.domain.advice import Advice
from core.domain.columns import Columns
from core.domain.features import Floats
from core.domain.policy import Tone
from core.usecases.debt_repayment_truth import EMPLOYMENTS

_DAYS_POINTS, _DEBT_POINTS = (30, 60, 90), (5_000, 10_000, 25_000)
_URGENCY = ((4, "Critical", Tone.BAD), (2, "High", Tone.POOR), (1, "Medium", Tone.FAIR), (0, "Low", Tone.GOOD))
_HOURS = {
    "employed": "9-10 and 17-19 o'clock, before and after work",
    "retired": "9-11 and 14-15 o'clock",
}
_ANY_HOURS = "no hours are known to be better for this employment; keep to 9-19 o'clock"
_STRATEGIES = (
    (90, "Escalate: hand the account to a senior collector", Tone.BAD),
    (60, "Firm: name the date and what follows after it", Tone.POOR),
    (30, "Persuasive: offer instalments that fit the income", Tone.FAIR),
    (-1, "Standard: a friendly reminder", Tone.GOOD),
)
CRITICAL = 4  # urgency points


def urgency_points(columns: Columns) -> NDArray[np.int64]:
    """Urgency 0-6: days overdue above 30, 60, 90 give 1, 2, 3; debt above 5,000, 10,000, 25,000 give 1, 2, 3."""
    days = np.searchsorted(_DAYS_POINTS, columns["days_overdue"], side="left")
    debt = np.searchsorted(_DEBT_POINTS, columns["debt_amount"], side="left")
    return np.asarray(days + debt, dtype=np.int64)


def advice(columns: Columns, outputs: Floats) -> tuple[Advice, ...]:
    """Recommendations for one debtor.

    Parameters
    ----------
    columns : mapping of str to array, each of length 1
    outputs : array, shape (3,)
        The champion's probabilities of none, partial, full.
    """
    points = int(urgency_points(columns)[0])
    word, tone = next((word, tone) for least, word, tone in _URGENCY if points >= least)
    days, debt = float(columns["days_overdue"][0]), float(columns["debt_amount"][0])
    strategy, strategy_tone = next((text, tone) for above, text, tone in _STRATEGIES if days > above)
    employment = EMPLOYMENTS[int(columns["employment_status"][0])]
    return (
        Advice("Urgency", f"{word}: {points} of 6 points for {days:.0f} days overdue and a debt of {debt:,.0f}.", tone),
        Advice("Channel", channel(columns), strategy_tone),
        Advice("Best hours", f"{_capital(_HOURS.get(employment, _ANY_HOURS))} ({employment.replace('_', '-')})."),
        Advice("Strategy", f"{strategy}.", strategy_tone),
        _expected_recovery(debt, outputs),
    )


def channel(columns: Columns) -> str:
    """The first channel and its backup, for one debtor, in words."""
    days, debt = float(columns["days_overdue"][0]), float(columns["debt_amount"][0])
    backup = "e-mail as backup"
    if days > 90 or debt > 10_000:
        phone = "Phone, because the account is old or large"
        return f"Legal notice first, then phone; {backup}." if debt > 25_000 else f"{phone}; {backup}."
    if days > 30:
        response = float(columns["response_rate"][0])
        picked = "Phone" if response > 0.6 else "SMS"
        return f"{picked}, because {100 * response:.0f}% of contacts were answered; {backup}."
    age = float(columns["customer_age"][0])
    return f"{'SMS' if age < 40 else 'Phone'}, usual at the age of {age:.0f}; {backup}."


def _expected_recovery(debt: float, outputs: Floats) -> Advice:
    _, partial, full = outputs.tolist()
    share = full + 0.5 * partial
    tone = Tone.GOOD if share >= 0.6 else Tone.FAIR if share >= 0.4 else Tone.POOR
    text = f"{100 * share:.0f}% of the debt, about {share * debt:,.0f}: P(full) + half of P(partial)."
    return Advice("Expected recovery", text, tone)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

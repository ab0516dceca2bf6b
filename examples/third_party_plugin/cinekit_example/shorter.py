"""``shorter``: what does not loop well may loop better twice as fast."""

from __future__ import annotations

from dataclasses import dataclass

import cinekit


@dataclass(frozen=True, kw_only=True)
class ShorterAttempt(cinekit.Checked):
    """Proposes half of every period.

    Parameters
    ----------
    least : frames; shorter periods than these are offered to nobody.
    """

    least: cinekit.Count = 8

    def propose(
        self,
        clip: cinekit.Clip,
        regions: cinekit.Regions,
        candidate: cinekit.Candidate,
        labels: cinekit.LabelMap,
        longest: int,
    ) -> cinekit.Proposal | None:
        """Other labels for a candidate, or None where its periods are short already."""
        half = labels.period // 2
        if half[labels.looping].min(initial=longest) < self.least:
            return None
        halved = labels.where(labels.looping, half, labels.start)
        return cinekit.Proposal("half the period", halved, asked=candidate.target)

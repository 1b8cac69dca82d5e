"""What TRIPOD+AI asks a report of a prediction model to say: 27 items, 52 with their parts, in its order.

The numbers are those of the statement; what each asks for is put in our own words, for a model of emergency admission
in a practice list.

Source: Collins GS et al. TRIPOD+AI statement. BMJ 2024;385:e078378 (items 1 to 27).
"""

from __future__ import annotations

from typing import NamedTuple


class ReportItem(NamedTuple):
    """One thing a report must say: its number, the part of the report it stands in, its subject, and what is asked."""

    number: str
    part: str
    subject: str
    asks: str


def _part(part: str, *items: tuple[str, str, str]) -> tuple[ReportItem, ...]:
    return tuple(ReportItem(number, part, subject, asks) for number, subject, asks in items)


ITEMS: tuple[ReportItem, ...] = (
    *_part(
        "Title and abstract",
        ("1", "Title", "that a prediction model is made or judged, for which people and which outcome"),
        ("2", "Abstract", "a summary that can be read by itself"),
    ),
    *_part(
        "Introduction",
        ("3a", "Context", "the care in which the model is used, why it is needed, and which models there are already"),
        ("3b", "People and users", "for whom the model is meant, at which point of their care, and who uses it"),
        ("3c", "Inequalities", "what is known of unequal health between groups of these people"),
        ("4", "Aims", "whether the model is made, judged, or both"),
    ),
    *_part(
        "Methods",
        ("5a", "Data", "where the data come from, why these, and how far they resemble the people meant"),
        ("5b", "Dates", "when the people were observed, from when to when, and how far ahead"),
        ("6a", "Setting", "which kind of care, how many places, and where"),
        ("6b", "Who is in", "who is taken in and who is left out"),
        ("6c", "Treatment", "which treatment people received, and what was made of it"),
        ("7", "Preparing the data", "cleaning, checks, and whether they were the same for every group"),
        (
            "8a",
            "Outcome",
            "what is predicted, within which time, why, and whether it is found alike in every group",
        ),
        ("8b", "Who judges the outcome", "where people judge it: who they are and how they were trained"),
        ("8c", "Blinding of the outcome", "whether it was judged without sight of the inputs"),
        ("9a", "Choice of inputs", "how the inputs were chosen before the model was made"),
        ("9b", "Definition of inputs", "what each input is, and when and how it is measured"),
        ("9c", "Who judges inputs", "where people judge an input: who they are and how they were trained"),
        ("10", "Number of people", "why so many are enough, for making and for judging the model"),
        ("11", "Missing values", "what is done where a value is missing, and why"),
        ("12a", "Use of the data", "which part of the data did what, and how parts were kept apart"),
        ("12b", "Treatment of inputs", "how inputs enter the model: shape, scale, grouping"),
        ("12c", "Kind of model", "its kind, how it was built and tuned, and how it was checked on the way"),
        ("12d", "Differences between places", "how differences between practices were dealt with"),
        ("12e", "Measures", "how performance is measured and shown, and why so"),
        ("12f", "Updating", "whether the model was recalibrated or changed after it was judged"),
        ("12g", "How predictions are worked out", "the formula, the code or the program"),
        ("13", "Rare outcomes", "what was done about the outcome being rare, and recalibration after it"),
        ("14", "Fairness", "what was done to be fair to groups, and why"),
        ("15", "What comes out", "a risk, a score or a class; and where a threshold stands and why there"),
        ("16", "Making and judging", "how the people judged on differ from those the model was made from"),
        ("17", "Ethics", "who approved the work, and how people consented or why they need not"),
    ),
    *_part(
        "Open science",
        ("18a", "Funding", "who paid, and what they had to say in it"),
        ("18b", "Interests", "what the authors stand to gain or lose"),
        ("18c", "Protocol", "where the protocol can be read, or that there is none"),
        ("18d", "Registration", "where the study is registered, or that it is not"),
        ("18e", "Sharing of data", "whether and how the data can be had"),
        ("18f", "Sharing of code", "whether and how the code can be had"),
    ),
    *_part(
        "Patients and public",
        ("19", "Involvement", "how patients and the public had a part in it, or that they had none"),
    ),
    *_part(
        "Results",
        ("20a", "Flow of people", "how many came in, were set aside and why, and had the outcome"),
        ("20b", "Who they are", "what the people are like, how many values are missing, by group where it matters"),
        ("20c", "Comparison", "how inputs and outcome differ between the people made from and judged on"),
        ("21", "Numbers of each step", "people and outcomes in each step of making and judging"),
        ("22", "The model itself", "all that is needed to work out a prediction for a new person"),
        ("23a", "Performance", "how well it does, with intervals, also in groups that matter"),
        ("23b", "Differences between places", "how performance differs between practices"),
        ("24", "Result of updating", "what an update changed, and how the model does after it"),
    ),
    *_part(
        "Discussion",
        ("25", "Interpretation", "what the results mean, fairness and other models considered"),
        ("26", "Limits", "what limits the study, and what follows for bias, certainty and other places"),
        ("27a", "Poor input", "what a user must do where an input is missing or poor"),
        ("27b", "Handling", "what a user must do by hand, and what skill that needs"),
        ("27c", "Next steps", "what should be found out next, above all whether it holds elsewhere"),
    ),
)

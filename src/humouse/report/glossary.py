"""What the pages' words mean: for each page, the terms that stand on it."""

import re
from html import unescape

# Term, how it looks in a text where that is more than the term itself, and what it means.
_TERMS = (
    (
        "AUC",
        r"(?:ROC[-‑])?AUC",
        "Area under the ROC curve: the chance that a classifier scores a generated (or a bot's) "
        "movement higher than a person's. 0.5 is guessing; 1 is always right.",
    ),
    (
        "baseline",
        r"human–human baseline|baseline",
        "The human–human baseline: the same score between two groups of real people. People "
        "differ too, so a score means little until it is compared with this.",
    ),
    (
        "C2ST",
        "",
        "Classifier two-sample test: a classifier learns to separate the two sets and is tested on "
        "movements that it has not seen. If it can only guess, the sets are alike.",
    ),
    (
        "canonical frame",
        "",
        "Each movement turned, stretched and timed to one standard: 1,000 px of path in 1,000 ms.",
    ),
    (
        "copying",
        r"copying|copies|nearer to train",
        "How often generated movements lie nearer to the train set than new people's do. 0.5: no "
        "copying; 1: every one does.",
    ),
    (
        "caught",
        r"caught at a 1% false-alarm rate",
        "The share of bots' movements flagged by a threshold that flags 1 in 100 of people's. 100% "
        "is best; guessing catches 1%.",
    ),
    (
        "coverage, density",
        r"coverage|density",
        "Like recall and precision, but counted so that single outliers matter less.",
    ),
    ("dB", r"dB\b", "Decibel: a ratio of powers on a logarithmic scale. 3 dB is about twice."),
    (
        "excess",
        "",
        "A score minus its human–human baseline: what is left is not explained by differences "
        "between people. Where the baseline is, by chance, better than the score of two equal sets, "
        "that score takes its place.",
    ),
    (
        "false-alarm rate, false positive rate (FPR)",
        r"FPR|false positive rate|false-alarm rate",
        "The share of people's movements that are flagged as a bot's by mistake.",
    ),
    ("gesture", r"gestures?", "A movement cut out of a recording, from one rest to the next."),
    ("held out", r"held[- ]out", "Kept apart, so that the classifier or model never saw it."),
    (
        "importance",
        "",
        "How much AUC the boosting probe loses when the values of one feature are shuffled.",
    ),
    (
        "interval",
        r"intervals?",
        "[low, high]: where the number would probably lie with other people of the same kind.",
    ),
    (
        "k-NN precision, k-NN recall",
        r"k-NN",
        "Precision and recall measured by nearest neighbours instead of clusters.",
    ),
    (
        "kind of bot",
        r"kinds? of (?:scripted )?bots?|kind left out",
        "A family of bots: one way to make movements in all its variants, such as all Bézier curves. "
        "Left out of training means that the detectors train on people and on the other kinds, and are "
        "then tested on this one.",
    ),
    (
        "log-odds",
        "",
        "The logarithm of how many times likelier a bot is than a person. 0: both are as likely.",
    ),
    (
        "MMD²",
        "MMD",
        "Maximum mean discrepancy, squared: a distance between two sets as a whole. 0: alike.",
    ),
    (
        "p-value",
        r"p-values?|p = ",
        "The chance of a score at least as extreme if both sets were alike.",
    ),
    (
        "PRD",
        "",
        "Precision and recall for distributions: realism and variety, measured by clusters.",
    ),
    (
        "precision",
        "",
        "How much of what is generated looks like people's movements: realism.",
    ),
    (
        "probe",
        r"probes?",
        "A classifier used to measure. Several kinds are trained, since each finds different faults.",
    ),
    (
        "recall",
        "",
        "How much of what people do is also generated: variety.",
    ),
    (
        "repetition, seed",
        r"repetitions?|after “seeds”|seeds [−+\d]",
        "Everything is done several times, with the people split differently, and the mean is given.",
    ),
    (
        "ROC curve",
        r"ROC curves?",
        "The share of bots' or generated movements found, for every share of people's flagged by mistake.",
    ),
    (
        "stroke",
        r"strokes?",
        "One push of the hand. A movement is explained as a sum of strokes, each with a "
        "bell-shaped (lognormal) speed.",
    ),
    ("train set", r"train (?:set|split|people|movements?)", "What the model was trained on."),
    (
        "true positive rate (TPR)",
        r"TPR|true positive rate",
        "The share of bots' movements that are flagged.",
    ),
    (
        "W, Wasserstein distance",
        r"Wasserstein",
        "How far one feature's values must be moved, on average, to turn one set into the other. "
        "In standard deviations of people's.",
    ),
)
_UNSEEN = re.compile(r"<(script|style|svg)\b.*?</\1>|<[^>]*>", re.DOTALL)


def glossary(html: str) -> list[tuple[str, str]]:
    """Return the terms that stand in a page's visible text, and what each means.

    Args:
        html: The page's content; what is in tags, scripts, styles and pictures is not read.
    """
    text = unescape(_UNSEEN.sub(" ", html))
    return [
        (term, meaning)
        for term, pattern, meaning in _TERMS
        if re.search(rf"(?<![\w-])(?:{pattern or re.escape(term)})", text, re.IGNORECASE)
    ]

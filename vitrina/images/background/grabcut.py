"""Taking the background off without any weights: a colour model of the border, GrabCut, a soft edge.

Belongs here: the OpenCV back end, pure. Stays out: choosing a back end (``remove``), the queue.

Three steps. The border's colours, clustered in CIELAB, say what background looks like; what is far from them, or in
the middle, is taken for the product at first. GrabCut settles the rest on a small copy (256 px: 0.2 s; at 512 it took
five times as long and moved the edge by less than the soft rim). The edge is then followed in the full picture by a
guided filter, so that hair and fringes get partial alpha.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

VERSION = "grabcut-1"
_WORK = 256
_ROUNDS = 5
_BORDER = 0.03
_CLUSTERS = 4
#: CIELAB (OpenCV's bytes) distance from the nearest colour of the border: below the first certainly background where
#: it hangs together with the border, above the second surely not.
_SAME, _OTHER = 7.0, 30.0
#: … and on paper without any noise.
_LEAST_SAME = 2.5
#: Islands below this share of the largest one are crumbs.
_CRUMB = 0.06
#: Share of the picture from which on an enclosed part of the paper's colour is a hole.
_HOLE = 0.02
#: A shadow on paper keeps this much of its lightness at least, and has its tint.
_SHADOW, _TINT = 0.78, 4.0


@dataclass(frozen=True, slots=True)
class Cut:
    """What a back end found.

    Attributes:
        alpha: (height, width), 0 to 1.
        confidence: 0 to 1.
        doubts: Why it is low, for a person.
    """

    alpha: NDArray[np.float32]
    confidence: float
    doubts: tuple[str, ...] = ()


def cut(rgb: NDArray[np.uint8]) -> Cut:
    """Product and background of a picture, (height, width, 3). The same pixels give the same cut."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _WORK / max(height, width))
    shape = max(8, round(width * scale)), max(8, round(height * scale))
    small = cv2.resize(rgb, shape, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    border = _frame(lab.shape[0], lab.shape[1])
    distance, uniform = _distance(lab, border)
    marks = _plain_seeds(lab, distance, border) if uniform else _seeds(distance, border)
    mask = _settled(np.ascontiguousarray(small), marks)
    mask = _cleaned(mask)
    confidence, doubts = _judged(mask, distance, lab, border)
    alpha = _feathered(rgb, mask)
    return Cut(alpha, confidence, doubts)


def _frame(height: int, width: int) -> NDArray[np.bool_]:
    wide = max(1, round(min(height, width) * _BORDER))
    frame = np.ones((height, width), dtype=bool)
    frame[wide:-wide, wide:-wide] = False
    return frame


def _distance(lab: NDArray[np.float32], border: NDArray[np.bool_]) -> tuple[NDArray[np.float32], bool]:
    """Distance of every pixel from the border's colours; whether these are one colour.

    Clusters that only a small part of the border has are left out: that is the product running over the edge.
    """
    edge = np.ascontiguousarray(lab[border])
    count = min(_CLUSTERS, len(np.unique(edge, axis=0)))
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, labels, centers = cv2.kmeans(edge, count, np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(edge)
    kept = centers[shares >= 0.12] if (shares >= 0.12).any() else centers
    # Light falls off over a wall: lightness counts half.
    weights = np.array([0.5, 1.0, 1.0], dtype=np.float32)
    apart = np.stack([np.sqrt((((lab - center) * weights) ** 2).sum(axis=2)) for center in kept])
    distance = apart.min(axis=0)
    middle = np.median(edge, axis=0)
    uniform = float((np.sqrt((((edge - middle) * weights) ** 2).sum(axis=1)) < _SAME).mean()) > 0.85
    return np.asarray(distance, dtype=np.float32), uniform


def _seeds(distance: NDArray[np.float32], border: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """GrabCut's four marks before a wall, a floor, a bed: the border is background, the middle is likely not."""
    height, width = distance.shape
    rows = np.abs(np.linspace(-1, 1, height))[:, None]
    columns = np.abs(np.linspace(-1, 1, width))[None, :]
    central = np.maximum(rows, columns) < 0.55
    marks = np.full(distance.shape, cv2.GC_PR_FGD, dtype=np.uint8)
    marks[((distance < _OTHER / 2) | _reached(distance < _SAME, border)) & ~central] = cv2.GC_PR_BGD
    marks[border & (distance < _OTHER)] = cv2.GC_BGD
    return marks


def _plain_seeds(
    lab: NDArray[np.float32], distance: NDArray[np.float32], border: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The same before paper: what hangs together with the border is background, what differs is the product.

    How much is a difference follows from the paper's own noise, so that a white sole before cream paper is kept. What
    is lighter than the paper cannot be its shadow.
    """
    noise = float(np.percentile(distance[border], 95))
    same = distance < min(_SAME, max(_LEAST_SAME, 1.6 * noise))
    marks = np.full(distance.shape, cv2.GC_PR_FGD, dtype=np.uint8)
    outside = _reached(same, border)
    marks[outside] = cv2.GC_BGD
    paper = np.median(lab[border], axis=0)
    lighter = lab[..., 0] > float(paper[0]) + 2 * noise + 1
    tint = np.hypot(lab[..., 1] - paper[1], lab[..., 2] - paper[2])
    shadow = (lab[..., 0] <= paper[0]) & (lab[..., 0] > _SHADOW * paper[0]) & (tint < _TINT)
    marks[_reached(same | shadow, border) & ~outside] = cv2.GC_PR_BGD
    # A large part of the paper's colour inside of the product is a hole (a bag's handle); a small one is print.
    enclosed = same & ~_reached(same | shadow, border)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(enclosed.astype(np.uint8), connectivity=4)
    holes = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= _HOLE * same.size) + 1
    marks[enclosed] = cv2.GC_FGD
    marks[np.isin(labels, holes)] = cv2.GC_PR_BGD
    marks[~outside & ~border & (lighter | (distance >= _OTHER))] = cv2.GC_FGD
    marks[border & (distance < _OTHER)] = cv2.GC_BGD
    return marks


def _reached(same: NDArray[np.bool_], border: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the pixels with the border's colours those that hang together with the border."""
    _, labels = cv2.connectedComponents(same.astype(np.uint8), connectivity=4)
    outside = np.unique(labels[border & same])
    return np.isin(labels, outside[outside > 0])


def _settled(small: NDArray[np.uint8], marks: NDArray[np.uint8]) -> NDArray[np.bool_]:
    cv2.setRNGSeed(1)
    whole = (0, 0, small.shape[1], small.shape[0])  # not read in this mode
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(small, marks, whole, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # one of the two sides has no pixels
        return np.asarray(marks == cv2.GC_FGD)
    return (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)


def _cleaned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without crumbs and pinholes. Real holes (a handle, a sleeve's loop) are larger than pinholes and stay."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    if count > 1:
        areas = stats[1:, cv2.CC_STAT_AREA]
        keep = 1 + np.flatnonzero(areas >= _CRUMB * areas.max())
        closed = np.isin(labels, keep).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    small = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] < 0.0015 * closed.size]
    return np.asarray((closed > 0) | np.isin(labels, small))


def _judged(
    mask: NDArray[np.bool_], distance: NDArray[np.float32], lab: NDArray[np.float32], border: NDArray[np.bool_]
) -> tuple[float, tuple[str, ...]]:
    """How far the cut may be trusted: size, how the edge stands out, whether it runs over the frame."""
    share = float(mask.mean())
    if share < 0.005 or share > 0.97:
        return 0.0, ("no product stands out from the background",)
    doubts = []
    kernel = np.ones((3, 3), dtype=np.uint8)
    inner = mask & ~cv2.erode(mask.astype(np.uint8), kernel, iterations=2).astype(bool)
    outer = cv2.dilate(mask.astype(np.uint8), kernel, iterations=2).astype(bool) & ~mask
    inside, outside = lab[inner], lab[outer]
    step = float(np.linalg.norm(np.median(inside, axis=0) - np.median(outside, axis=0))) if len(outside) else 0.0
    weak = float((distance[inner] < _SAME * 1.5).mean()) if inner.any() else 1.0
    edge = min(1.0, step / 30) * (1 - 0.7 * weak)
    if edge < 0.35:
        doubts.append("the product has almost the colour of its background")
    touching = float(mask[border].mean())
    if touching > 0.25:
        doubts.append("the product runs over the edge of the picture")
    if share < 0.03:
        doubts.append("very little is left of the picture")
    size = min(1.0, share / 0.05)
    return round(max(0.0, min(1.0, edge * 1.25) * size * (1 - min(0.8, touching))), 3), tuple(doubts)


def _feathered(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The mask at full size with an edge that follows the picture."""
    height, width = rgb.shape[:2]
    enlarged = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    rough = np.asarray(enlarged, dtype=np.float32)
    guide = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32) / np.float32(255)
    radius = max(2, round(max(height, width) / _WORK * 1.5))
    soft = _guided(guide, rough, radius, 1e-3)
    # Deep inside and far outside nothing is soft, whatever the guide says.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * radius + 1, 4 * radius + 1))
    hard = (rough > 0.5).astype(np.uint8)
    alpha = np.where(cv2.erode(hard, kernel) > 0, 1.0, np.where(cv2.dilate(hard, kernel) > 0, soft, 0.0))
    # Guided filters leave a veil: what is nearly nothing is nothing.
    return np.asarray(np.clip((alpha - 0.12) / 0.76, 0, 1), dtype=np.float32)


def _guided(
    guide: NDArray[np.float32], source: NDArray[np.float32], radius: int, epsilon: float
) -> NDArray[np.float32]:
    """Guided filter (He, Sun, Tang: "Guided Image Filtering", 2010) with one channel as guide."""
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, size, borderType=cv2.BORDER_REFLECT), dtype=np.float32)

    middle, target = mean(guide), mean(source)
    spread = mean(guide * guide) - middle * middle + np.float32(epsilon)
    slope = np.asarray((mean(guide * source) - middle * target) / spread, dtype=np.float32)
    offset = target - slope * middle
    return mean(slope) * guide + mean(offset)

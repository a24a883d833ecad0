# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Heat maps of metrics over quality weights."""
from pathlib import Path
from typing import Dict, Sequence

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

_TITLES = {'APp': r'AP$^p$', 'APr': r'AP$^r$', 'APh': r'AP$^h$'}


def weight_cube(points: Sequence[tuple], values: Sequence[Dict[str, float]],
                key: str) -> np.ndarray:
    """Put one metric's values into a cube.

    Args:
        points (Sequence[tuple]): Weights of the box, IoU and pixel score.
        values (Sequence[dict[str, float]]): Metrics of each point.
        key (str): Name of the metric.

    Returns:
        np.ndarray: (box, IoU, pixel) float64 along the ascending weights, NaN
        where there is no point.
    """
    axes = [np.unique(column) for column in np.transpose(points)]
    cube = np.full([len(axis) for axis in axes], np.nan)
    for point, metrics in zip(points, values):
        index = tuple(
            int(np.searchsorted(axis, weight))
            for axis, weight in zip(axes, point))
        cube[index] = metrics[key]
    return cube


def draw_heat_maps(path: Path, points: Sequence[tuple],
                   values: Sequence[Dict[str, float]],
                   named: Dict[str, tuple]) -> None:
    """Draw a row of maps for each metric, a map for each pixel weight.

    A star marks the best point, letters the named ones that are on the grid.
    The colours of a row go from its 5th percentile up: few very bad points
    would hide everything else.

    Args:
        path (Path): Picture to write.
        points (Sequence[tuple]): Weights of the box, IoU and pixel score.
        values (Sequence[dict[str, float]]): Metrics of each point.
        named (dict[str, tuple]): Points to mark, by name.
    """
    keys = [key for key in _TITLES if key in values[0]]
    axes = [np.unique(column) for column in np.transpose(points)]
    columns = len(axes[2])
    size = (1.8 * columns + 1.2, 2.1 * len(keys) + .6)
    figure, grid = plt.subplots(
        len(keys), columns, figsize=size, squeeze=False, layout='constrained')
    for key, row in zip(keys, grid):
        cube = weight_cube(points, values, key)
        if np.isnan(cube).all():
            continue
        low, high = np.nanpercentile(cube, 5), np.nanmax(cube)
        best = np.unravel_index(np.nanargmax(cube), cube.shape)
        for i, axis in enumerate(row):
            image = axis.imshow(
                cube[..., i], 'viridis', vmin=low, vmax=high, origin='lower')
            _mark(axis, i, axes, best, named)
            _label(axis, axes, i)
        row[0].set_ylabel('box weight')
        figure.colorbar(
            image, ax=row, extend='min', label=f'{_TITLES[key]} (%)')
    for axis in grid[-1]:
        axis.set_xlabel('IoU weight')
    figure.suptitle('star: best point of the row; letters: Table 1')
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _mark(axis: plt.Axes, i: int, axes: Sequence[np.ndarray],
          best: Sequence[int], named: Dict[str, tuple]) -> None:
    """Mark the best and the named points with the i-th pixel weight."""
    for name, weights in named.items():
        if weights[2] == axes[2][i] and weights[0] in axes[0] and weights[
                1] in axes[1]:
            axis.text(
                np.searchsorted(axes[1], weights[1]),
                np.searchsorted(axes[0], weights[0]),
                name,
                color='white',
                fontsize=8,
                ha='center',
                va='center',
                bbox=dict(facecolor='black', alpha=.6, pad=1, linewidth=0))
    if best[2] == i:
        axis.plot(
            best[1],
            best[0],
            marker='*',
            color='red',
            markeredgecolor='white',
            markersize=13)


def _label(axis: plt.Axes, axes: Sequence[np.ndarray], i: int) -> None:
    """Name the ticks, every other one where there are many."""
    axis.set_title(f'pixel weight {axes[2][i]:g}', fontsize=9)
    for ticks, weights in ((axis.set_yticks, axes[0]), (axis.set_xticks,
                                                        axes[1])):
        positions = range(0, len(weights), 2 if len(weights) > 4 else 1)
        ticks(
            list(positions), [f'{weights[k]:g}' for k in positions],
            fontsize=8)

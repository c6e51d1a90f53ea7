"""Equal rows, proportional columns and connected components; see `reference.reduction`."""

from __future__ import annotations

from empowerment.capacity.kernels import EQUAL_RTOL
from empowerment.capacity.kernels.cpu.arrays import Array, integers, vector, zeros
from empowerment.runtime.jit import jit

_KEY_RTOL = 16 * EQUAL_RTOL  # keys of equal rows differ by the rounding of their sums as well


@jit()
def _mixed_weights(count: int) -> Array:
    """Return quasi-random weights in [1, 2): the fractional parts of multiples of the golden ratio."""
    weights = vector(count)
    for i in range(count):
        weights[i] = 1.0 + (0.6180339887498949 * (i + 1) + 0.7548776662466927 * (i + 1) * (i + 1)) % 1.0
    return weights


@jit()
def _sorted(keys: Array) -> Array:
    """Return the order that sorts the keys, by merging; `np.argsort` takes a second to compile."""
    count = keys.size
    order, merged = integers(count), integers(count)
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            middle, end = min(start + width, count), min(start + 2 * width, count)
            i, j = start, middle
            for k in range(start, end):
                if j == end or (i < middle and keys[order[i]] <= keys[order[j]]):
                    merged[k] = order[i]
                    i += 1
                else:
                    merged[k] = order[j]
                    j += 1
        order, merged = merged, order
        width *= 2
    return order


@jit()
def _close(a: float, b: float) -> bool:
    return abs(a - b) <= EQUAL_RTOL * max(a, b)


@jit()
def _smallest_names(head: Array) -> Array:
    """Return the smallest member of each group instead of its head."""
    smallest, names = integers(head.size), integers(head.size)
    for i in range(head.size):
        smallest[head[i]] = min(smallest[head[i]], i)
    for i in range(head.size):
        names[i] = smallest[head[i]]
    return names


@jit()
def equal_rows(matrix: Array) -> Array:
    """Return for each row the smallest row with the same entries up to rounding."""
    n_rows, n_columns = matrix.shape
    weights = _mixed_weights(n_columns)
    keys = vector(n_rows)
    for x in range(n_rows):
        total = 0.0
        for y in range(n_columns):
            total += matrix[x, y] * weights[y]
        keys[x] = total
    order, head = _sorted(keys), integers(n_rows)
    last = order[0]
    for i in range(1, n_rows):
        x = order[i]
        same = keys[x] - keys[last] <= _KEY_RTOL * keys[x]
        y = 0
        while same and y < n_columns:
            same = _close(matrix[x, y], matrix[last, y])
            y += 1
        if same:
            head[x] = last
        else:
            last = x
    return _smallest_names(head)


@jit()
def proportional_columns(matrix: Array) -> Array:
    """Return for each column the smallest column it is a multiple of, -1 for a column of zeros."""
    n_rows, n_columns = matrix.shape
    weights = _mixed_weights(n_rows)
    top = zeros(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            top[y] = max(top[y], matrix[x, y])
    keys = zeros(n_columns)
    for x in range(n_rows):
        for y in range(n_columns):
            if matrix[x, y] > 0:
                keys[y] += weights[x] * (matrix[x, y] / top[y])
    order, head = _sorted(keys), integers(n_columns)
    last = order[0]
    for i in range(1, n_columns):
        y = order[i]
        same = keys[y] - keys[last] <= _KEY_RTOL * keys[y] and top[last] > 0
        x = 0
        while same and x < n_rows:
            same = _close(matrix[x, y] / top[y], matrix[x, last] / top[last])
            x += 1
        if same:
            head[y] = last
        else:
            last = y
    first = _smallest_names(head)
    for y in range(n_columns):
        if top[y] == 0:
            first[y] = -1
    return first


@jit()
def _root(parent: Array, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@jit()
def components(matrix: Array) -> tuple[Array, Array]:
    """Return the number of the connected component of each row and of each column."""
    n_rows, n_columns = matrix.shape
    parent, anchor = integers(n_columns), integers(n_rows)
    separate = n_columns
    for x in range(n_rows):
        anchor[x] = -1
        for y in range(n_columns):
            if matrix[x, y] > 0:
                if anchor[x] < 0:
                    anchor[x] = y
                    if separate == 1:
                        break
                else:
                    a, b = _root(parent, anchor[x]), _root(parent, y)
                    if a != b:
                        parent[max(a, b)] = min(a, b)
                        separate -= 1
    number, column_component, row_component = integers(n_columns), integers(n_columns), integers(n_rows)
    for y in range(n_columns):
        number[y] = -1
    count = 0
    for y in range(n_columns):
        root = _root(parent, y)
        if number[root] < 0:
            number[root] = count
            count += 1
        column_component[y] = number[root]
    for x in range(n_rows):
        row_component[x] = column_component[anchor[x]]
    return row_component, column_component

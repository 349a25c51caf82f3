"""Weight-stationary arrays: time bound by arithmetic or by weights from DRAM, and power at full rate."""

import math


def tile_cycles(machine, rows_of_input):
    """Cycles of one array-sized tile of weights: its load from DRAM, or its use by `rows_of_input`, which overlap."""
    size = machine.value("array", "rows") * machine.value("array", "cols")
    return max(size / machine.bytes_per_cycle("dram"), rows_of_input)


def padding(machine, k, n):
    """Useful share of the tiles that a k x n matrix of weights fills; 1 where the shape is not known."""
    if not k:
        return 1.0
    rows, cols = machine.value("array", "rows"), machine.value("array", "cols")
    return k * n / (math.ceil(k / rows) * rows * math.ceil(n / cols) * cols)


def tops(machine, rows_of_input, k=0, n=0):
    """Tera-operations a second of products of `rows_of_input` rows with streamed weights; 2 operations a MAC."""
    size = machine.value("array", "rows") * machine.value("array", "cols")
    macs = size * padding(machine, k, n) * rows_of_input
    return 2 * macs / tile_cycles(machine, rows_of_input) * machine.hertz / 1e12


def full_rate_watts(machine):
    """Power with every element at work each cycle: inputs from the buffer, sums into the accumulators."""
    rows, cols = machine.value("array", "rows"), machine.value("array", "cols")
    sums = 4 * cols * (machine.read_pj("accumulators") + machine.write_pj("accumulators"))
    pj = rows * cols * (machine.pj("mac_i8") + machine.pj("pe_cycle")) + rows * machine.read_pj("unified_buffer") + sums
    return pj * 1e-12 * machine.hertz + machine.leakage_w


def vector_pj_per_op(machine, reuse):
    """Picojoules an operation of an element with 8 x 8 multipliers whose weights stay for `reuse` cycles."""
    lanes = width = 8
    macs = lanes * width
    sums = 3 * lanes * (machine.read_pj("accumulation_buffer") + machine.write_pj("accumulation_buffer"))
    pj = macs * (machine.pj("mac_i8") + machine.pj("pe_cycle")) + width * machine.read_pj("input_buffer") + sums
    pj += macs * machine.read_pj("weight_buffer") / reuse
    return pj / macs / 2

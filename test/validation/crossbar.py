"""In-memory computing: energy and time of products on crossbars of cells with converters or adders at their edges."""

import math


def counts(machine, m, k, n):
    """Actions of an m x k by k x n product with the file's input and weight bits, keyed as the file's energies."""
    box = machine.data["crossbar"]
    slices = math.ceil(box["weight_bits"] / box["cell_bits"])
    passes = math.ceil(box["input_bits"] / box["input_bits_per_pass"]) * box.get("phases", 1)
    row_tiles = math.ceil(k / box["rows"])
    col_tiles = math.ceil(n * slices / box["cols"])
    columns = m * passes * row_tiles * n * slices
    return {
        "cell": m * passes * k * n * slices * box.get("cells_per_slice", 1),
        "wordline": m * passes * k * col_tiles,
        "dac_conversion": m * passes * k * col_tiles,
        "bitline": columns,
        "adc_conversion": columns,
        "shift_add": columns,
    }


def full_product(machine):
    """Sizes k, n of the product that fills one crossbar."""
    box = machine.data["crossbar"]
    return box["rows"], box["cols"] // math.ceil(box["weight_bits"] / box["cell_bits"])


def pj_per_mac(machine):
    k, n = full_product(machine)
    return sum(count * machine.pj(action) for action, count in counts(machine, 1, k, n).items()) / (k * n)


def tops_per_watt(machine):
    return 2 / pj_per_mac(machine)


def tops(machine):
    """Peak tera-operations a second of all crossbars."""
    box = machine.data["crossbar"]
    k, n = full_product(machine)
    passes = math.ceil(box["input_bits"] / box["input_bits_per_pass"]) * box.get("phases", 1)
    seconds = passes * machine.value("crossbar", "pass_cycles") / machine.hertz
    return 2 * k * n * box.get("instances", 1) / seconds / 1e12

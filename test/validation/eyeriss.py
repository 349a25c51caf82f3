"""Row-stationary processing on a machine like Eyeriss: counts, cycles and energy of one convolution.

A pass keeps p x q x r x t sets of filter rows in the array: p filters and q channels interleaved in an element, r
channels and t filters side by side; n images and m filters share what the buffer holds (Chen et al., JSSC 52(1) 2017,
table III).
"""

import math
from dataclasses import dataclass

WORD = 2  # bytes of an element


@dataclass
class Layer:
    """One convolution and its mapping. Sizes in elements; `zeros` is the share of zero inputs."""

    name: str
    batch: int
    h: int  # input height and width, padding included
    rs: int
    e: int  # output height and width
    c: int  # channels of one group
    m: int
    groups: int
    stride: int
    pad: int
    zeros: float
    map_m: int = 0
    map_n: int = 0
    map_e: int = 0
    p: int = 0
    q: int = 0
    r: int = 0
    t: int = 0

    @property
    def macs(self):
        return self.batch * self.groups * (self.m // self.groups) * self.c * self.e**2 * self.rs**2

    @property
    def outputs(self):
        return self.batch * self.m * self.e**2


def rlc(elements, zeros):
    """Bytes of `elements` under run-length coding: three pairs of a 5-bit run and a 16-bit value in 64 bits."""
    return min(elements * WORD, elements * (1 - zeros) * 64 / 3 / 8)


def active_elements(layer):
    """Elements that one pass keeps busy: r t sets of rs rows and map_e columns (wider ones are folded)."""
    return layer.rs * layer.map_e * layer.r * layer.t


def strips(layer):
    """Rows of input that all strips of map_e output rows read, halos included."""
    count, rest = divmod(layer.e, layer.map_e)
    rows = count * ((layer.map_e - 1) * layer.stride + layer.rs)
    return rows + ((rest - 1) * layer.stride + layer.rs if rest else 0), count + bool(rest)


def buffer_traffic(layer):
    """Bytes between buffer and array: inputs once for each set of p t filters, each partial sum written and read."""
    per_group = layer.m // layer.groups
    rows, _ = strips(layer)
    inputs = layer.batch * layer.groups * layer.c * rows * layer.h * WORD * math.ceil(per_group / (layer.p * layer.t))
    accumulations = math.ceil(layer.c / (layer.q * layer.r))
    return inputs, 2 * layer.outputs * accumulations * WORD


def weight_loads(layer):
    """Bytes of filters sent to the array and from DRAM (which keeps no copy in the buffer between passes)."""
    _, count = strips(layer)
    weights = layer.m * layer.c * layer.rs**2 * WORD
    return weights * count * math.ceil(layer.batch / layer.map_n)


def dram_traffic(layer, zeros_out, compressed_in):
    """Bytes: inputs once for each m filters, filters, outputs; activations but the first layer's are compressed."""
    per_group = layer.m // layer.groups
    rows, _ = strips(layer)
    side = layer.h - 2 * layer.pad
    rows = min(rows, rows * side / layer.h)
    elements = layer.batch * layer.groups * layer.c * rows * side * math.ceil(per_group / layer.map_m)
    inputs = rlc(elements, layer.zeros) if compressed_in else elements * WORD
    return inputs, weight_loads(layer), rlc(layer.outputs, zeros_out)


def processing_cycles(layer, machine, active, sums, filters=0.0):
    """The array, or the buses of partial sums (`sums` bytes, half each way); filters are loaded before each pass."""
    width = machine.bytes_per_cycle("glb")
    return max(layer.macs / active + filters / width, sums / 2 / width)


def energy(layer, machine, cycles, buffer_read, buffer_written, filters):
    """Joules of the chip, by component; a product of a zero input costs its input read and the cycle."""
    live = layer.macs * (1 - layer.zeros)
    pj = {
        "mac": live * machine.pj("mac_i16"),
        "ifmap_spad": layer.macs * WORD * machine.read_pj("ifmap_spad"),
        "weight_spad": live * WORD * machine.read_pj("weight_spad") + filters * machine.write_pj("weight_spad"),
        "psum_spad": live * WORD * (machine.read_pj("psum_spad") + machine.write_pj("psum_spad")),
        "glb": buffer_read * machine.read_pj("glb") + buffer_written * machine.write_pj("glb"),
        "noc": (buffer_read + buffer_written + filters) * machine.hop_pj(),
        "pe.cycle": cycles * machine.elements * machine.pj("pe_cycle"),
    }
    return {name: value * 1e-12 for name, value in pj.items()}


# Columns of the published tables: what is predicted, and whether it counts (energy, power and time do).
COLUMNS = (
    ("power_mw", "silicon", "mW"),
    ("total_ms", "silicon", "ms"),
    ("processing_ms", "silicon", "ms"),
    ("buffer_mb", "apart", "MB"),
    ("dram_mb", "apart", "MB"),
)


def layer_of(entry, batch):
    h, rs, e, c, m, groups, stride, pad = entry["shape"]
    layer = Layer(entry["name"], batch, h, rs, e, c, m, groups, stride, pad, entry["zeros"])
    if "mapping" in entry:
        names = ("map_m", "map_n", "map_e", "p", "q", "r", "t")
        for name, value in zip(names, entry["mapping"]):
            setattr(layer, name, value)
    return layer


def mapped(layer, machine, zeros_out, compressed_in):
    """A layer whose mapping is known: traffic, time and energy are predicted."""
    inputs, sums = buffer_traffic(layer)
    filters = weight_loads(layer)
    dram = dram_traffic(layer, zeros_out, compressed_in)
    processing = processing_cycles(layer, machine, active_elements(layer), sums, filters)
    # The buffer holds one pass's inputs (table III): the next ones are loaded while the array waits.
    total = processing + dram[0] / machine.bytes_per_cycle("dram")
    joules = sum(energy(layer, machine, total, inputs + sums / 2, sums / 2, filters).values())
    seconds = total / machine.hertz
    return {
        "power_mw": joules / seconds * 1e3,
        "total_ms": seconds * 1e3,
        "processing_ms": processing / machine.hertz * 1e3,
        "buffer_mb": (inputs + sums) / 1e6,
        "dram_mb": sum(dram) / 1e6,
        "joules": joules,
        "dram_accesses": sum(dram) / WORD,
    }


def unmapped(layer, machine, active, buffer_bytes):
    """A layer whose mapping is not published: processing time and power from its published activity."""
    processing = processing_cycles(layer, machine, active, buffer_bytes)
    filters = layer.m * layer.c * layer.rs**2 * WORD
    joules = sum(energy(layer, machine, processing, buffer_bytes / 2, buffer_bytes / 2, filters).values())
    seconds = processing / machine.hertz
    return {"power_mw": joules / seconds * 1e3, "processing_ms": seconds * 1e3}


def network(data, machine):
    """Results of all layers; an output is as sparse as the next layer's input (the last: as its own input)."""
    results = []
    entries = data["layers"]
    for index, entry in enumerate(entries):
        layer = layer_of(entry, data["batch"])
        if "mapping" in entry:
            zeros_out = entries[min(index + 1, len(entries) - 1)]["zeros"]
            results.append(mapped(layer, machine, zeros_out, compressed_in=index > 0))
        else:
            results.append(unmapped(layer, machine, entry["active"], entry["buffer_mb"] * 1e6))
    return results


def totals(data, results):
    seconds = sum(r["total_ms"] for r in results) * 1e-3
    macs = sum(layer_of(entry, data["batch"]).macs for entry in data["layers"])
    return {
        "power_mw": sum(r["joules"] for r in results) / seconds * 1e3,
        "frames_per_s": data["batch"] / seconds,
        "dram_per_mac": sum(r["dram_accesses"] for r in results) / macs,
    }

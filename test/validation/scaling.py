"""The process rule of docs/machines.md, for the Python evaluator of the validation.

E_to = E_from * g(to) / g(from), g(node, V) = e(node) * (V / Vnom(node))^2. The numbers and their sources are those of
lib/Energy/ProcessScaling.cpp; a test compares them.
"""

import math

# nm: (relative energy, nominal supply in volts)
NODES = {
    130: (2.52, 1.3),
    90: (1.51, 1.2),
    65: (1.00, 1.1),
    45: (0.63, 1.0),
    40: (0.55, 0.96),
    32: (0.44, 0.9),
    28: (0.37, 0.9),
    22: (0.30, 0.9),
    14: (0.19, 0.8),
    10: (0.15, 0.75),
    7: (0.11, 0.7),
    5: (0.077, 0.7),
}


def node_factor(nm, volts=None):
    """Relative energy of one action at `nm` and `volts` (None: the node's nominal supply)."""
    if nm in NODES:
        energy, nominal = NODES[nm]
    else:
        low = max((n for n in NODES if n < nm), default=None)
        high = min((n for n in NODES if n > nm), default=None)
        if low is None or high is None:
            raise ValueError(f"{nm} nm is outside of the table")
        t = math.log(nm / low) / math.log(high / low)
        energy = NODES[low][0] * (NODES[high][0] / NODES[low][0]) ** t
        nominal = NODES[low][1] + (NODES[high][1] - NODES[low][1]) * (nm - low) / (high - low)
    return energy * ((volts or nominal) / nominal) ** 2


def scale(value, machine_nm, machine_volts, source_nm, source_volts):
    """`value` of the source's process and supply, on the machine's."""
    if machine_nm is None or source_nm is None:
        return value
    return value * node_factor(machine_nm, machine_volts) / node_factor(source_nm, source_volts)

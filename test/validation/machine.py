"""Machine files as the evaluator sees them: every energy scaled to the machine's process and supply."""

import math
import pathlib

import yaml
from validation.scaling import scale

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Machine:
    """Values by the keys of the file. Energies (keys ending in `_pj` or `_pj_per_byte`) are scaled."""

    def __init__(self, path, supply_v=None):
        self.data = yaml.safe_load((ROOT / path).read_text())
        self.nm = self.data.get("process_nm")
        self.volts = supply_v or self.data.get("supply_v")
        self.memories = {m["name"]: m for m in self.data.get("memories", [])}

    def scaled(self, entry):
        """Picojoules of an entry `{value, source, process_nm, supply_v}` on this machine."""
        return scale(entry["value"], self.nm, self.volts, entry.get("process_nm"), entry.get("supply_v"))

    def pj(self, action):
        """Picojoules of an action; 0 where the file does not have it."""
        entry = self.data["energy"].get(action + "_pj")
        return self.scaled(entry) if entry else 0.0

    def value(self, *keys):
        node = self.data
        for key in keys:
            node = node[key]
        return node["value"] if isinstance(node, dict) else node

    def read_pj(self, memory):
        """Picojoules per byte."""
        return self.scaled(self.memories[memory]["read_pj_per_byte"])

    def write_pj(self, memory):
        entry = self.memories[memory]
        return self.scaled(entry.get("write_pj_per_byte", entry["read_pj_per_byte"]))

    def hop_pj(self):
        """Picojoules per byte of one way over the chip's wires."""
        return self.scaled(self.data["energy"]["hop_pj_per_byte"])

    def bytes_per_cycle(self, memory):
        return self.memories[memory]["bytes_per_cycle"]["value"]

    @property
    def elements(self):
        """Processing elements of the array."""
        array = self.data["array"]
        return math.prod(a["size"] for a in array["axes"]) if "axes" in array else array["rows"] * array["cols"]

    @property
    def hertz(self):
        return self.value("clock_mhz") * 1e6

    @property
    def leakage_w(self):
        """As the file has it: leakage is never scaled."""
        entry = self.data["energy"].get("leakage_mw")
        if not entry:
            return 0.0
        return entry["value"] * 1e-3

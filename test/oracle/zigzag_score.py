#!/usr/bin/env python3
"""Scores mappings of aicc with ZigZag's own evaluator, beside ZigZag's own search.

    python3 -m venv zz && zz/bin/pip install -r test/oracle/zigzag_requirements.txt
    build/bin/aicc-mapper-bench --objective=edp --json > mappings.json
    zz/bin/python test/oracle/zigzag_score.py mappings.json [--search] [--only NAME]

The machine is `tpu_like` as ZigZag ships it. The loops and the allocation of
each operand to its memories are taken from the file as they are: ZigZag's
search and its allocator do not run, only its cost model. `--search` also lets
ZigZag search (loop prime factors limited to 6, as its default), which takes
a few seconds a layer. Exit code 0 also when ZigZag is not installed: a line
says so, and nothing is compared.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time

try:
    import yaml
    import zigzag
    from zigzag.api import get_hardware_performance_zigzag
    from zigzag.datatypes import LayerDim
    from zigzag.mapping.temporal_mapping import TemporalMapping, TemporalMappingType
    from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
    from zigzag.stages.main import MainStage
    from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
    from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
    from zigzag.stages.parser.workload_parser import WorkloadParserStage
    from zigzag.stages.stage import Stage
    from zigzag.stages.workload_iterator import WorkloadStage
except ImportError as error:
    print(f"skipped: zigzag-dse is not installed here ({error}); see test/oracle/zigzag_requirements.txt")
    sys.exit(0)


class FixedMappingStage(Stage):
    """In place of ZigZag's search: the one mapping that was handed in."""

    def __init__(self, list_of_callables, *, accelerator, layer, spatial_mapping, fixed, **kwargs):
        super().__init__(list_of_callables, **kwargs)
        self.accelerator, self.layer = accelerator, layer
        self.spatial_mapping, self.fixed = spatial_mapping, fixed

    def run(self):
        loops = [(LayerDim(dim), size) for dim, size in self.fixed["loops"]]
        levels = {}
        for operand in self.layer.layer_operands:
            begin, levels[operand] = 0, []
            for count in self.fixed["levels"][operand.name]:
                levels[operand].append(loops[begin : begin + count])
                begin += count
            if begin != len(loops):
                raise ValueError(f"{operand.name}: {begin} of {len(loops)} loops have a memory")
        kwargs = dict(
            self.kwargs,
            accelerator=self.accelerator,
            layer=self.layer,
            spatial_mapping=self.spatial_mapping,
            temporal_mapping=TemporalMapping(levels, self.layer, TemporalMappingType.UNEVEN),
        )
        yield from self.list_of_callables[0](self.list_of_callables[1:], **kwargs).run()


def workload(layer):
    """A convolution in ZigZag's format; groups are loops of their own (dimension G)."""
    dims, stride, pad = layer["dims"], layer["stride"], layer["pad"]
    group = "[g]" if dims.get("G", 1) > 1 else ""
    names = [n for n in ("B", "G", "K", "C", "OY", "OX", "FY", "FX") if n != "G" or group]

    def size(out, kernel):
        return (dims[out] - 1) * stride + dims[kernel] - 2 * pad

    return [
        {
            "id": 0,
            "name": layer["name"],
            "operator_type": "Conv",
            "equation": f"O[b]{group}[k][oy][ox]+=W{group}[k][c][fy][fx]*I[b]{group}[c][iy][ix]",
            "dimension_relations": [f"ix={stride}*ox+1*fx", f"iy={stride}*oy+1*fy"],
            "loop_dims": names,
            "loop_sizes": [dims.get(n, 1) for n in names],
            "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
            "operand_source": {"I": 0, "W": 0},
            "pr_loop_dims": ["IX", "IY"],
            "pr_loop_sizes": [
                layer.get("input", [size("OX", "FX"), size("OY", "FY")])[0],
                layer.get("input", [size("OX", "FX"), size("OY", "FY")])[-1],
            ],
            "padding": [[pad, pad], [pad, pad]],
        }
    ]


def mapping(spatial):
    return [
        {
            "name": "default",
            "spatial_mapping": {
                axis: [f"{dim}, {size}" for dim, size in unrolled.items()] for axis, unrolled in spatial.items()
            },
            "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"},
        }
    ]


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(data, file)
    return path


def evaluate(layer, machine, folder):
    """ZigZag's energy (pJ) and cycles of the mapping in `layer`."""
    stage = MainStage(
        list_of_callables=[
            WorkloadParserStage,
            AcceleratorParserStage,
            WorkloadStage,
            SpatialMappingGeneratorStage,
            FixedMappingStage,
            CostModelStage,
        ],
        accelerator=machine,
        workload=write(folder, "workload.yaml", workload(layer)),
        mapping=write(folder, "mapping.yaml", mapping(layer["spatial"])),
        fixed=layer,
        nb_mappings_generated=1,
        enable_mix_spatial_mapping_generation=False,
        access_same_data_considered_as_no_access=True,
    )
    results = [cme for cme, _ in stage.run()]
    if len(results) != 1:
        raise ValueError(f"{layer['name']}: {len(results)} results of one mapping")
    cme = results[0]
    for operand, levels in cme.mem_utili_shared.items():
        if any(use > 1 for use in levels):
            raise ValueError(f"{layer['name']}: {operand} does not fit: {levels}")
    return cme.energy_total, cme.latency_total2


def search(layer, machine, folder, objective):
    """ZigZag's own best mapping: energy (pJ), cycles, seconds."""
    begin = time.time()
    energy, cycles, _ = get_hardware_performance_zigzag(
        write(folder, "workload.yaml", workload(layer)),
        machine,
        write(folder, "mapping.yaml", mapping({"D1": {"K": 32}, "D2": {"C": 32}})),
        opt={"edp": "EDP"}.get(objective, objective),
        dump_folder=os.path.join(folder, "dump"),
        loma_show_progress_bar=False,
    )
    return energy, cycles, time.time() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mappings", help="JSON of aicc-mapper-bench")
    parser.add_argument("--search", action="store_true", help="let ZigZag search too")
    parser.add_argument("--only", help="layers whose name contains this")
    parser.add_argument("--json", help="write the figures here as well")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with open(args.mappings, encoding="utf-8") as file:
        data = json.load(file)
    machine = os.path.join(os.path.dirname(zigzag.__file__), "inputs/hardware/tpu_like.yaml")
    rows, totals = [], {"aicc": [0.0, 0.0], "zigzag": [0.0, 0.0, 0.0]}
    print(
        "| layer | x | aicc's estimate: uJ, cycles | by ZigZag: uJ, cycles |"
        + (" ZigZag's own: uJ, cycles, s |" if args.search else "")
    )
    print("|---|---|---|---|" + ("---|" if args.search else ""))
    with tempfile.TemporaryDirectory() as folder:
        for layer in data["layers"]:
            if args.only and args.only not in layer["name"]:
                continue
            count = layer["count"]
            energy, cycles = evaluate(layer, machine, folder)
            row = dict(
                name=layer["name"],
                count=count,
                estimate_pj=layer["energy_pj"],
                estimate_cycles=layer["cycles"],
                energy_pj=energy,
                cycles=cycles,
            )
            totals["aicc"][0] += count * energy
            totals["aicc"][1] += count * cycles
            line = (
                f"| {layer['name']} | {count} | {layer['energy_pj'] / 1e6:.2f}, "
                f"{layer['cycles']:,.0f} | {energy / 1e6:.2f}, {cycles:,.0f} |"
            )
            if args.search:
                own = search(layer, machine, folder, data["objective"])
                row["zigzag_pj"], row["zigzag_cycles"], row["zigzag_s"] = own
                for i, value in enumerate(own):
                    totals["zigzag"][i] += count * value
                line += f" {own[0] / 1e6:.2f}, {own[1]:,.0f}, {own[2]:.1f} |"
            print(line, flush=True)
            rows.append(row)
    print(f"total, by ZigZag: {totals['aicc'][0] / 1e9:.4f} mJ, {totals['aicc'][1]:,.0f} cycles")
    if args.search:
        print(f"ZigZag's own: {totals['zigzag'][0] / 1e9:.4f} mJ, {totals['zigzag'][1]:,.0f} cycles")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"objective": data["objective"], "layers": rows}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

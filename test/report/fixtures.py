"""Reports of made-up compilations, in the form of docs/report.schema.json without what follows from other keys.

The graphs are those of ResNet-50 and of an encoder like BERT; what their nodes cost is computed by a few lines of
arithmetic that stand for a cost model, so that the parts of a report agree with each other.
"""

MACHINES = {
    "cpu": {
        "family": "cpu",
        "name": "fixture_core",
        "source": "fixture: one core with vectors of 512 bits",
        "process_nm": 7,
        "clock_mhz": 3700,
        "peak_macs_per_s": 59.2e9,
        "memories": {"l1": (64, 1.0625), "l2": (32, 1.75), "l3": (16, 15.04), "dram": (7, 162.5)},
        "arithmetic": ("mac.f32", 1.69, 16),
    },
    "systolic": {
        "family": "systolic",
        "name": "fixture_array",
        "source": "fixture: 128 x 128 elements",
        "process_nm": 28,
        "clock_mhz": 700,
        "peak_macs_per_s": 128 * 128 * 700e6,
        "memories": {"accumulator": (512, 0.9), "scratchpad": (256, 1.6), "dram": (48, 80.0)},
        "arithmetic": ("mac.i8", 0.2, 128 * 128),
    },
}


def machine(kind):
    """The part `machine` of a report."""
    made = MACHINES[kind]
    clock = made["clock_mhz"] * 1e6
    figures = [
        {"part": "machine", "name": "clock_mhz", "value": made["clock_mhz"], "source": "fixture: data sheet"},
        {"part": "energy", "name": made["arithmetic"][0].replace(".", "_") + "_pj", "value": made["arithmetic"][1],
         "source": "Jouppi et al., ISCA 2021, table 2", "source_process_nm": 45,
         "unscaled_value": made["arithmetic"][1] * 3.1},
    ]  # fmt: skip
    for name, (bytes_per_cycle, pj) in made["memories"].items():
        figures += [
            {"part": name, "name": "bytes_per_cycle", "value": bytes_per_cycle, "source": "fixture: manual, section 2"},
            {
                "part": name,
                "name": "read_pj_per_byte",
                "value": pj,
                "source": "Jouppi et al., ISCA 2021, table 2: SRAM",
            },
        ]
    return {
        **{key: made[key] for key in ("family", "name", "source", "process_nm", "clock_mhz", "peak_macs_per_s")},
        "bandwidths": [{"memory": name, "bytes_per_s": b * clock} for name, (b, _) in made["memories"].items()],
        "figures": figures,
    }


def other(what, energy_pj, cycles, why_not):
    return {"what": what, "energy_pj": energy_pj, "cycles": cycles, "why_not": why_not}


def node(kind, name, op, macs, inputs, weights, outputs, group=None, reason=None):
    """A node that does `macs` on so many bytes of each operand."""
    made = MACHINES[kind]
    component, pj, per_cycle = made["arithmetic"]
    moved = inputs + weights + outputs
    items = [{"component": component, "unit": "operations", "count": macs, "pj_each": pj}] if macs else []
    reuse, stall = 1.0, 0.0
    for memory, (bytes_per_cycle, each) in reversed(made["memories"].items()):
        read, written = (inputs + weights) * reuse, outputs * reuse
        items.append({"component": f"{memory}.read", "unit": "bytes", "count": read, "pj_each": each})
        items.append({"component": f"{memory}.write", "unit": "bytes", "count": written, "pj_each": each * 1.1})
        stall = max(stall, (read + written) / bytes_per_cycle)
        reuse *= 1.0 + min(3.0, macs / max(1, moved) / 40)
    compute = macs / per_cycle * 1.08 + 400
    cycles = max(compute, stall) + 900
    nanoseconds = cycles / made["clock_mhz"] * 1000
    items.append({"component": "leakage", "unit": "nanoseconds", "count": nanoseconds, "pj_each": 30.0})
    energy = sum(item["count"] * item["pj_each"] for item in items)
    result = {
        "name": name,
        "op": op,
        "outputs": [name + "_output_0"],
        "target": f"{made['family']}/{made['name']}",
        "reason": reason or f"{made['name']} multiplies {component[4:]}",
        "mapping": "",
        "macs": macs,
        "cycles": cycles,
        "compute_cycles": compute,
        "time_us": nanoseconds / 1000,
        "items": items,
        "alternatives": [],
    }
    if group is not None:
        result["group"] = group
    if macs:
        result["mapping"] = (
            "dram        for k in 0..256 step 64\nscratchpad    for p in 0..56 step 8\narray           k across columns"
        )
        result["alternatives"] = [
            other("tile k 128, p 4", energy * 1.07, cycles * 0.99, "costs more energy"),
            other("not fused", energy * 1.31, cycles * 1.12, "writes the intermediate to dram"),
        ]
    return result


def launches(nodes):
    """One program for each node that multiplies on an array."""
    on_array = [each for each in nodes if each["macs"] and each["target"].startswith("systolic/")]
    return [
        {
            "node": each["name"],
            "dataflow": "weight_stationary" if index % 3 else "",
            "macs": each["macs"],
            "cycles": each["cycles"],
            "compute_cycles": each["compute_cycles"],
            "utilization": 0.25,
            "items": each["items"],
        }
        | ({"group": each["group"]} if "group" in each else {})
        for index, each in enumerate(on_array)
    ]


def report(kind, name, nodes, inputs, outputs, weight_bytes, **others):
    """A report of these nodes, run one after the other; each result lives until the second next step."""
    buffers, arena = [], 0
    slots = [0, 0, 0]
    sizes = [max(4, int(sum(i["count"] for i in n["items"] if i["component"] == "dram.write"))) for n in nodes]
    for slot in range(3):
        slots[slot], arena = arena, arena + max(sizes[slot::3], default=0)
    for step, size in enumerate(sizes):
        buffers.append({
            "name": nodes[step]["outputs"][0], "offset_bytes": slots[step % 3], "bytes": size,
            "first_step": step, "last_step": min(step + 2, len(nodes) - 1),
        })  # fmt: skip
    return {
        "schema_version": 1,
        "compiler_version": "0.1.0",
        "model": {"name": name, "blake3": "d74981efa70a0c880b8d8c1985d075dbcbf679b99a5f9914e5aaf96b831a9e24",
                  "inputs": inputs, "outputs": outputs},
        "objective": "energy",
        "options": {"threads": "1", "opt_level": "3"},
        "nodes": nodes,
        "launches": launches(nodes),
        "fallbacks": [],
        "memory": {"arena_bytes": arena, "weight_bytes": weight_bytes, "steps": [n["name"] for n in nodes],
                   "buffers": buffers},
        "machine": machine(kind),
        "uncertainty": None,
        **others,
    }  # fmt: skip


def resnet50(kind="cpu"):
    """ResNet-50 at 1x3x224x224, batch normalisation folded, activations fused."""
    element = 4 if kind == "cpu" else 1
    nodes, group = [], 0

    def conv(name, cin, cout, size, window, stride=1, activation=True):
        out = size // stride
        nodes.append(node(kind, name, "Conv", out * out * cout * cin * window * window,
                          size * size * cin * element, cin * cout * window * window * element,
                          out * out * cout * element, group))  # fmt: skip
        if not activation:
            return
        relu, size_out = name.replace("conv", "relu").replace("Conv", "Relu"), out * out * cout * element
        nodes.append(node(kind, relu, "Relu", 0, size_out, 0, size_out, group, "fused into the convolution before it"))

    conv("/conv1/Conv", 3, 64, 224, 7, 2)
    nodes.append(node(kind, "/maxpool/MaxPool", "MaxPool", 0, 112 * 112 * 64 * element, 0, 56 * 56 * 64 * element))
    channels, size = 64, 56
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], 1):
        for block in range(blocks):
            stride = 2 if stage > 1 and block == 0 else 1
            prefix = f"/layer{stage}/layer{stage}.{block}"
            group += 1
            conv(f"{prefix}/conv1/Conv", channels, width, size, 1)
            conv(f"{prefix}/conv2/Conv", width, width, size, 3, stride)
            conv(f"{prefix}/conv3/Conv", width, width * 4, size // stride, 1, activation=False)
            if block == 0:
                conv(f"{prefix}/downsample/Conv", channels, width * 4, size, 1, stride, activation=False)
            size //= stride
            channels = width * 4
            nodes.append(node(kind, f"{prefix}/Add", "Add", 0, 2 * size * size * channels * element, 0,
                              size * size * channels * element, group))  # fmt: skip
    nodes.append(
        node(kind, "/avgpool/GlobalAveragePool", "GlobalAveragePool", 0, 49 * 2048 * element, 0, 2048 * element)
    )
    nodes.append(node(kind, "/fc/Gemm", "Gemm", 2048 * 1000, 2048 * element, 2048 * 1000 * element, 1000 * element))
    return report(kind, "resnet50", nodes, [{"name": "input", "type": "f32", "shape": [1, 3, 224, 224]}],
                  [{"name": "logits", "type": "f32", "shape": [1, 1000]}], 25_557_032 * element)  # fmt: skip


def bert(kind="systolic", layers=12):
    """An encoder of `layers` layers, 768 wide, 128 tokens; softmax and normalisation fall back to the host."""
    nodes, fallbacks, width, tokens = [], [], 768, 128

    def matmul(name, m, k, n, group):
        nodes.append(node(kind, name, "MatMul", m * k * n, m * k, k * n, m * n, group))

    def on_host(name, op):
        made = node("cpu", name, op, 0, tokens * width * 4, 0, tokens * width * 4, None, f"{op} stays on the host")
        nodes.append(made)
        fallbacks.append({"node": name, "op": op, "wanted": "systolic/fixture_array", "ran_on": made["target"],
                          "reason": f"the array has no unit for {op}"})  # fmt: skip

    for layer in range(layers):
        prefix = f"/encoder/layer.{layer}"
        for part in ("query", "key", "value"):
            matmul(f"{prefix}/attention/self/{part}/MatMul", tokens, width, width, 2 * layer)
        matmul(f"{prefix}/attention/self/scores/MatMul", tokens * 12, 64, tokens, 2 * layer)
        on_host(f"{prefix}/attention/self/Softmax", "Softmax")
        matmul(f"{prefix}/attention/self/context/MatMul", tokens * 12, tokens, 64, 2 * layer + 1)
        matmul(f"{prefix}/attention/output/MatMul", tokens, width, width, 2 * layer + 1)
        on_host(f"{prefix}/attention/output/LayerNorm", "LayerNormalization")
        matmul(f"{prefix}/intermediate/MatMul", tokens, width, 4 * width, 2 * layer + 1)
        on_host(f"{prefix}/intermediate/Gelu", "Gelu")
        matmul(f"{prefix}/output/MatMul", tokens, 4 * width, width, 2 * layer + 1)
        on_host(f"{prefix}/output/LayerNorm", "LayerNormalization")
    uncertainty = {"energy_percent": 12, "time_percent": 9,
                   "basis": "fixture: the largest of 20 published chips' differences"}  # fmt: skip
    embodied = {"total_g": 150_000, "lifespan_hours": 35_040, "resource_share": 0.25, "source": "fixture: a data sheet"}
    return report(kind, "bert-base", nodes, [{"name": "input_ids", "type": "i64", "shape": [1, -1]}],
                  [{"name": "hidden", "type": "f32", "shape": [1, -1, 768]}], 85_000_000,
                  fallbacks=fallbacks, uncertainty=uncertainty, carbon={"embodied": embodied})  # fmt: skip


HOSTILE = [
    "</script><img src=x onerror=document.title='owned'>",
    "<!--<script>",
    "\"><svg/onload=document.title='owned'>",
    "'};document.title='owned';//",
    "__proto__",
    "{{SCRIPT}} {{DATA}}",
    "\u2028\u2029\u202e right to left",
    "${document.title='owned'}",
    "control \x1b[31m \x00 \n name",
]


def hostile(kind="cpu"):
    """Every text that a model can choose is an attempt to become markup or script."""
    made = resnet50(kind)
    made["nodes"] = made["nodes"][: 2 * len(HOSTILE)]
    for index, each in enumerate(made["nodes"]):
        text = HOSTILE[index % len(HOSTILE)]
        each |= {"name": text, "op": text, "outputs": [text], "reason": text, "mapping": text, "target": text}
        for rejected in each["alternatives"]:
            rejected |= {"what": text, "why_not": text}
        each["items"] = [item | {"component": f"{text}.read"} for item in each["items"]]
    made["model"] |= {"name": HOSTILE[0], "inputs": [{"name": HOSTILE[0], "type": HOSTILE[2], "shape": [1]}]}
    made["memory"]["steps"] = [each["name"] for each in made["nodes"]]
    made["memory"]["buffers"] = [b | {"name": HOSTILE[0]} for b in made["memory"]["buffers"] if b["last_step"] < 18]
    made["launches"] = [
        {"node": text, "dataflow": text, "macs": 1, "cycles": 2, "compute_cycles": 1, "utilization": 0.5,
         "items": made["nodes"][0]["items"]} for text in HOSTILE
    ]  # fmt: skip
    made["fallbacks"] = [{key: HOSTILE[0] for key in ("node", "op", "wanted", "ran_on", "reason")}]
    made["machine"]["figures"][0] |= {"source": HOSTILE[0], "name": HOSTILE[2]}
    return made


def large(count=3000):
    """As many nodes as big models have."""
    base = bert(layers=1)
    nodes = [dict(base["nodes"][i % 12], name=f"/model/layers.{i // 12}/block/node_{i}") for i in range(count)]
    return report("systolic", "large", nodes, [], [], 7_000_000_000)


def single():
    """The least there is: one node that computes nothing."""
    return report("cpu", "single", [node("cpu", "#0", "Identity", 0, 4, 0, 4)], [], [], 0)

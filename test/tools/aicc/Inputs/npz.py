"""Writes float32 vectors into an .npz file, with nothing but the standard library.

npz.py FILE NAME=1,2,3,4 ...
"""

import struct
import sys
import zipfile


def npy(values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(values)},), }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}f", *values)


with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for argument in sys.argv[2:]:
        name, _, values = argument.partition("=")
        archive.writestr(f"{name}.npy", npy([float(value) for value in values.split(",")]))

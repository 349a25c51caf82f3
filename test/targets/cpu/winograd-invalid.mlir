// RUN: aicc-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(cpu-winograd{tile=3})'

// expected-error@+1 {{cpu-winograd: tile is 3, expected 0, 2, 4 or 6}}
module {
}

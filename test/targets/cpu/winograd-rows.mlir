// RUN: aicc-opt %s --verify-diagnostics --pass-pipeline='builtin.module(cpu-winograd{tile=4 rows=-1})'

// expected-error@+1 {{cpu-winograd: rows is -1, expected at least 0}}
module {
}

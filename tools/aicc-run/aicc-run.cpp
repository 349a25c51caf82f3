//===- aicc-run.cpp - Run a compiled model --------------------------------===//

#include "aicc-c/runtime.h"

int main(int argc, char **argv) { return aicc_main(argc, argv, nullptr); }

//===- aicc-run.cpp - Run a compiled model --------------------------------===//

#include "tools/aicc-run/Runner.h"

int main(int argc, char **argv) {
  aicc::run::Options options;
  if (int code = aicc::run::parseOptions(argc, argv, options); code >= 0)
    return code;
  return aicc::run::runModel(options);
}

//===- aicc.cpp - The compiler --------------------------------------------===//

#include "tools/aicc/Driver.h"

int main(int argc, char **argv) {
  return aicc::runDriver(std::vector<std::string>(argv + 1, argv + argc));
}

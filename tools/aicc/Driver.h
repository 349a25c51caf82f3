//===- Driver.h - What the aicc tool does -----------------------*- C++ -*-===//

#ifndef TOOLS_AICC_DRIVER_H
#define TOOLS_AICC_DRIVER_H

#include <string>
#include <vector>

namespace aicc {

/// Runs the tool on `args` (without the program's name). Returns the exit
/// code.
int runDriver(const std::vector<std::string> &args);

} // namespace aicc

#endif // TOOLS_AICC_DRIVER_H

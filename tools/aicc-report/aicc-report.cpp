//===- aicc-report.cpp - Reports, and what changed between two ------------===//

#include "aicc/Report/Report.h"

int main(int argc, char **argv) {
  return aicc::runReportTool(std::vector<std::string>(argv + 1, argv + argc));
}

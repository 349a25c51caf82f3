//===- Carbon.cpp - Software carbon intensity (ISO/IEC 21031) -------------===//

#include "aicc/Report/ReportData.h"

using namespace aicc;

/// Joules (1e12 pJ) in a kilowatt hour.
static constexpr double pjPerKwh = 3.6e6 * 1e12;
static constexpr double usPerHour = 3.6e9;

llvm::StringRef aicc::gridIntensitySource() {
  return "Ember, Yearly Electricity Data (ember-energy.org, CC BY 4.0), as "
         "given in CO2.js 0.19.0, data/output/average-intensities.json";
}

llvm::ArrayRef<GridIntensity> aicc::gridIntensities() {
  // Lowest first.
  static constexpr GridIntensity table[] = {
      {"Norway", 2024, 30.75},          {"Sweden", 2024, 35.89},
      {"Switzerland", 2024, 36.72},     {"France", 2024, 44.18},
      {"Finland", 2024, 72.25},         {"Brazil", 2024, 106.06},
      {"Spain", 2024, 146.15},          {"Canada", 2024, 184.99},
      {"European Union", 2024, 213.02}, {"United Kingdom", 2024, 215.79},
      {"Netherlands", 2024, 252.7},     {"Ireland", 2024, 279.79},
      {"Italy", 2024, 287.75},          {"Germany", 2024, 342.06},
      {"United States", 2024, 383.55},  {"South Korea", 2024, 415.65},
      {"World", 2024, 472.94},          {"Japan", 2024, 483.73},
      {"Singapore", 2024, 498.74},      {"Australia", 2024, 553.76},
      {"China", 2024, 557.5},           {"Poland", 2024, 614.98},
      {"Taiwan", 2024, 635.15},         {"Indonesia", 2023, 682.43},
      {"India", 2024, 708.96},          {"South Africa", 2024, 713.9}};
  return table;
}

double aicc::operationalGrams(double energyPj, double gramsPerKwh) {
  return energyPj / pjPerKwh * gramsPerKwh;
}

double aicc::embodiedGrams(const ReportData &data, double timeUs) {
  if (!data.embodied || data.embodied->lifespanHours <= 0)
    return 0;
  double timeShare = timeUs / usPerHour / data.embodied->lifespanHours;
  return data.embodied->totalGrams * timeShare * data.embodied->resourceShare;
}

//===- Drivers.h - Who runs device programs ---------------------*- C++ -*-===//

#ifndef AICC_LIB_RUNTIME_DRIVERS_H
#define AICC_LIB_RUNTIME_DRIVERS_H

#include "aicc-c/runtime.h"

#include <string>

namespace aicc::runtime {

/// The driver of `family`, or null: the one that was registered last, else the
/// library's own.
const aicc_driver *findDriver(const char *family);

/// A device for one context. Its errors stay until the next run.
class Device {
public:
  Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  ~Device();

  /// False, and why in `error`, if the model's program has no driver or is
  /// refused by it. Nothing to do for a model without one.
  bool open(const aicc_model_desc &desc, std::string &error);
  bool isOpen() const { return state; }

  void startRun();
  const std::string &error() const { return failure; }
  const char *counts() const;
  bool startTrace();
  bool writeTrace(const char *path, std::string &error);

  /// `aicc_offload`, with a Device.
  static void offload(void *device, uint64_t entry, const aicc_buffer *buffers,
                      uint64_t count);

private:
  const aicc_driver *driver = nullptr;
  void *state = nullptr;
  std::string failure;
};

} // namespace aicc::runtime

#endif // AICC_LIB_RUNTIME_DRIVERS_H

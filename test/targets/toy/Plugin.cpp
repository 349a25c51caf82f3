//===- Plugin.cpp - What --load-target=libtoy.so finds --------------------===//

#include "aicc/Target/TargetRegistry.h"
#include "test/targets/toy/Toy.h"

extern "C" __attribute__((visibility("default"))) aicc::Target *
aiccCreateTarget(unsigned abiVersion) {
  if (abiVersion != aicc::targetAbiVersion)
    return nullptr;
  return aicc::toy::createTarget().release();
}

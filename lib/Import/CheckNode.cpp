#include "Infer.h"
using namespace aicc;
using namespace aicc::import;
void import::checkNode(Importer &, const NodeView &) {}

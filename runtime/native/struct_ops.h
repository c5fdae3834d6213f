#pragma once

#include <cstdint>
#include <string>

#include "environment.h"

namespace bpfts {

int32_t AttachStructOps(Environment& environment, int32_t object, const std::string& map);

}  // namespace bpfts

#pragma once

#include "values.h"

namespace bpfts {

/// Unpacks what xz packed. -ENOTSUP in an addon that was built without liblzma, -EFBIG above the most that is
/// taken, -EINVAL for what is damaged.
Result<Buffer> UnpackXz(const Bytes& packed);

}  // namespace bpfts

#pragma once

#include <string>

#include "handles.h"
#include "poller.h"

namespace bpfts {

/// What one JavaScript environment owns. Members close from the last to the first.
struct Environment {
  /// libbpf's messages of the last call that had any business with it.
  std::string log;
  Poller poller;
  HandleTable handles;

  ~Environment();
  /// Closes every resource and gives the signals back.
  void Close();
};

}  // namespace bpfts

#include "demangle.h"

#include <cstdlib>
#include <memory>

#ifdef BPFTS_HAVE_LIBIBERTY
extern "C" {
#include <libiberty/demangle.h>
}
#else
#include <cxxabi.h>

#include <algorithm>
#include <cctype>
#endif

namespace bpfts {

namespace {

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

#ifdef BPFTS_HAVE_LIBIBERTY

/// libiberty knows C++ and both of Rust's manglings.
std::string DemangleSymbol(const char* name) {
  const Text text(cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO));
  return text == nullptr ? "" : text.get();
}

#else

/// Rust's older names are C++ names that end in a hash: `::h` and 16 digits.
std::string CutRustHash(std::string name) {
  constexpr size_t kHash = 19;
  if (name.size() <= kHash) return name;
  const size_t at = name.size() - kHash;
  if (name.compare(at, 3, "::h") != 0) return name;
  if (!std::all_of(name.begin() + at + 3, name.end(), [](unsigned char c) { return std::isxdigit(c) != 0; }))
    return name;
  return name.substr(0, at);
}

/// The C++ runtime knows C++; Rust's newer names (`_R…`) stay as they are.
std::string DemangleSymbol(const char* name) {
  int status = 0;
  const Text text(abi::__cxa_demangle(name, nullptr, nullptr, &status));
  return status != 0 || text == nullptr ? "" : CutRustHash(text.get());
}

#endif

}  // namespace

std::string Demangle(Environment&, const std::string& name) {
  // A plain C name that happens to read as a type must stay what it is.
  if (name.compare(0, 2, "_Z") != 0 && name.compare(0, 2, "_R") != 0 && name.compare(0, 4, "___Z") != 0) return name;
  const std::string text = DemangleSymbol(name.c_str());
  return text.empty() ? name : text;
}

}  // namespace bpfts

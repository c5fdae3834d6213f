#include "btf.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdarg>
#include <memory>

#include "log.h"

namespace bpfts {

namespace {

// Fields move between kernels: clang must note every access to them for libbpf to correct.
constexpr char kOpening[] =
    "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n"
    "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n\n";
constexpr char kClosing[] = "#pragma clang attribute pop\n\n#endif\n";

struct BtfDeleter {
  void operator()(struct btf* btf) const { btf__free(btf); }
};
using BtfPointer = std::unique_ptr<struct btf, BtfDeleter>;

void AppendText(void* context, const char* format, va_list arguments) {
  AppendFormatted(*static_cast<std::string*>(context), format, arguments);
}

}  // namespace

Result<std::string> BtfDumpC(Environment& environment, const std::string& path,
                             const std::optional<std::string>& base_path) {
  const LogCapture capture(environment.log);
  BtfPointer base;
  if (base_path.has_value()) {
    base.reset(btf__parse(base_path->c_str(), nullptr));
    if (base == nullptr) return -errno;
  }
  const BtfPointer btf(base == nullptr ? btf__parse(path.c_str(), nullptr)
                                       : btf__parse_split(path.c_str(), base.get()));
  if (btf == nullptr) return -errno;
  std::string text = kOpening;
  struct btf_dump* dump = btf_dump__new(btf.get(), AppendText, &text, nullptr);
  if (dump == nullptr) return -errno;
  int status = 0;
  const uint32_t end = btf__type_cnt(btf.get());
  for (uint32_t id = base == nullptr ? 1 : btf__type_cnt(base.get()); id < end && status >= 0; id++) {
    status = btf_dump__dump_type(dump, id);
  }
  btf_dump__free(dump);
  if (status < 0) return status;
  text += kClosing;
  return text;
}

}  // namespace bpfts

#include "btf.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdarg>

#include "btf_file.h"
#include "log.h"

namespace bpfts {

namespace {

void AppendText(void* context, const char* format, va_list arguments) {
  AppendFormatted(*static_cast<std::string*>(context), format, arguments);
}

}  // namespace

BtfDumpPointer OpenBtfDump(const struct btf* btf, std::string& text) {
  return BtfDumpPointer(btf_dump__new(btf, AppendText, &text, nullptr));
}

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
  std::string text = kTypesOpening;
  const BtfDumpPointer dump = OpenBtfDump(btf.get(), text);
  if (dump == nullptr) return -errno;
  const uint32_t end = btf__type_cnt(btf.get());
  for (uint32_t id = base == nullptr ? 1 : btf__type_cnt(base.get()); id < end; id++) {
    const int status = btf_dump__dump_type(dump.get(), id);
    if (status < 0) return status;
  }
  return text + kTypesClosing;
}

}  // namespace bpfts

#include "log.h"

#include <bpf/libbpf.h>

#include <cstdio>

namespace bpfts {

namespace {

thread_local std::string* capture = nullptr;

int Print(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (capture != nullptr && level != LIBBPF_DEBUG) AppendFormatted(*capture, format, arguments);
  return 0;
}

}  // namespace

LogCapture::LogCapture(std::string& into) : outer_(capture) {
  into.clear();
  capture = &into;
}

LogCapture::~LogCapture() { capture = outer_; }

void InstallLogPrinter() { libbpf_set_print(Print); }

void AppendFormatted(std::string& into, const char* format, va_list arguments) {
  char text[256];
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  if (length > 0 && static_cast<size_t>(length) < sizeof text) {
    into.append(text, static_cast<size_t>(length));
  } else if (length > 0) {
    const size_t start = into.size();
    into.resize(start + static_cast<size_t>(length) + 1);
    std::vsnprintf(into.data() + start, static_cast<size_t>(length) + 1, format, again);
    into.pop_back();
  }
  va_end(again);
}

}  // namespace bpfts

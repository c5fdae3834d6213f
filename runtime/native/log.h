#pragma once

#include <cstdarg>
#include <string>

namespace bpfts {

/// Collects what libbpf prints on this thread while it lives, in place of stderr.
class LogCapture {
 public:
  explicit LogCapture(std::string& into);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

 private:
  std::string* const outer_;
};

/// Sends libbpf's messages to the capture of the moment, and to nobody without one.
void InstallLogPrinter();

/// Appends printf-style text.
void AppendFormatted(std::string& into, const char* format, va_list arguments);

}  // namespace bpfts

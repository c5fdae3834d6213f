#include "request.h"

#include <stdlib.h>
#include <string.h>

#include <cerrno>

namespace confine {

namespace {

/// A caller that cannot choose the arguments, as esbuild's package cannot, puts them here.
constexpr char kVariable[] = "BPFTS_CONFINE";
constexpr char kSeparator = '\x1f';

std::vector<char*> ListWords(int argc, char** argv) {
  std::vector<char*> words;
  if (const char* text = getenv(kVariable); text != nullptr && *text != '\0') {
    char* rest = strdup(text);
    while (rest != nullptr) {
      char* end = strchr(rest, kSeparator);
      if (end != nullptr) *end = '\0';
      words.push_back(rest);
      rest = end == nullptr ? nullptr : end + 1;
    }
  }
  words.insert(words.end(), argv + 1, argv + argc);
  return words;
}

template <typename Number>
bool ReadNumber(const char* text, Number& number) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0') return false;
  number = static_cast<Number>(value);
  return true;
}

}  // namespace

const char* ReadRequest(int argc, char** argv, Request& request) {
  const std::vector<char*> words = ListWords(argc, argv);
  size_t at = 0;
  for (; at < words.size(); at++) {
    const char* word = words[at];
    const auto is = [word](const char* name) { return strcmp(word, name) == 0; };
    if (is("--")) {
      at++;
      break;
    }
    if (is("--probe")) {
      request.probe = true;
      continue;
    }
    if (is("--private")) {
      request.reads_private = true;
      continue;
    }
    if (is("--processes")) {
      request.starts_processes = true;
      continue;
    }
    if (++at == words.size()) return "an option has no value, or is not known";
    char* value = words[at];
    bool good = true;
    if (is("--read"))
      request.readable.push_back(value);
    else if (is("--run"))
      request.runnable.push_back(value);
    else if (is("--write"))
      request.writable.push_back(value);
    else if (is("--env"))
      request.environment.push_back(value);
    else if (is("--folder"))
      request.folder = value;
    else if (is("--cpu"))
      good = ReadNumber(value, request.cpu_seconds);
    else if (is("--memory"))
      good = ReadNumber(value, request.memory_bytes);
    else if (is("--file-bytes"))
      good = ReadNumber(value, request.file_bytes);
    else if (is("--time"))
      good = ReadNumber(value, request.time_seconds);
    else if (is("--idle"))
      good = ReadNumber(value, request.idle_seconds);
    else if (is("--stop-fd"))
      good = ReadNumber(value, request.stop_fd);
    else if (is("--parent"))
      good = ReadNumber(value, request.parent);
    else
      return "there is no such option";
    if (!good) return "an option wants a number";
  }
  request.argv.assign(words.begin() + at, words.end());
  if (request.argv.empty() && !request.probe) return "no program is named";
  request.argv.push_back(nullptr);
  request.environment.push_back(nullptr);
  return nullptr;
}

}  // namespace confine

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "buffer.h"

namespace bpfts {

/// Bytes that JavaScript lends for the length of one call.
struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/// Memory of JavaScript's that may be written for the length of one call.
struct Room {
  uint8_t* data = nullptr;
  size_t size = 0;
};

/// What was asked for, or a negative errno.
template <typename T>
using Result = std::variant<int, T>;

struct MapInfo {
  std::string name;
  uint32_t type = 0;
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t max_entries = 0;
  uint32_t flags = 0;
  /// Only maps that exist in the kernel have one.
  std::optional<uint32_t> id;
};

/// A map as the object of another declares it.
struct MapShape {
  std::string name;
  uint32_t type = 0;
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t max_entries = 0;
  uint32_t flags = 0;
  /// The types of key and value in the object's BTF, 0 where they have none.
  uint32_t key_type = 0;
  uint32_t value_type = 0;
};

struct ProgramInfo {
  std::string name;
  std::string section;
  uint32_t type = 0;
};

struct LiveProgramInfo {
  uint32_t id = 0;
  uint64_t run_count = 0;
  uint64_t run_time_ns = 0;
  uint64_t recursion_misses = 0;
};

struct LiveInfo {
  Buffer info;
  /// What the kernel wrote into each room that was asked for.
  std::vector<Buffer> parts;
};

/// How a run of a program ended.
struct ProgramRun {
  uint32_t answer = 0;
  Buffer context;
};

/// How a program went that ran on a packet or a context of the caller's.
struct ProgramTest {
  uint32_t answer = 0;
  uint32_t duration_ns = 0;
  Buffer packet;
  Buffer context;
};

struct LoadResult {
  int status = 0;
  std::string log;
  std::vector<std::pair<std::string, std::string>> program_logs;
};

struct MapBatch {
  Buffer keys;
  Buffer values;
  uint32_t count = 0;
};

struct MapBatchView {
  Bytes keys;
  Bytes values;
  uint32_t count = 0;
};

struct UprobeTarget {
  std::string path;
  uint64_t offset = 0;
  bool retprobe = false;
  int32_t pid = -1;
  uint64_t ref_ctr_offset = 0;
  uint64_t cookie = 0;
};

/// Many places of one binary; what there is one of for each place is eight bytes.
struct UprobeMultiTarget {
  std::string path;
  Bytes offsets;
  /// None, or one for each place.
  Bytes ref_ctr_offsets;
  Bytes cookies;
  bool retprobe = false;
  int32_t pid = -1;
};

struct PerfEventTarget {
  uint32_t type = 0;
  uint64_t config = 0;
  uint64_t sample_period = 0;
  uint64_t sample_freq = 0;
  int32_t pid = -1;
  int32_t cpu = -1;
  uint64_t config1 = 0;
  uint64_t config2 = 0;
  uint32_t bp_type = 0;
  /// The bits behind read_format.
  uint64_t flags = 0;
};

struct ElfSegment {
  uint64_t address = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  bool executable = false;
};

struct ElfInfo {
  uint32_t type = 0;
  uint32_t machine = 0;
  uint32_t word_size = 8;
  std::string build_id;
  std::string debug_link;
  uint32_t debug_link_crc = 0;
  uint64_t thread_bytes = 0;
  std::vector<ElfSegment> segments;
};

struct ElfSymbolTable {
  uint32_t count = 0;
  Buffer starts;
  Buffer ends;
  Buffer name_offsets;
  Buffer indirect;
  Buffer standings;
  Buffer names;
};

struct UsdtNote {
  std::string provider;
  std::string name;
  std::string arguments;
  uint64_t location = 0;
  uint64_t semaphore = 0;
};

struct ProcessState {
  bool exited = false;
  int32_t code = 0;
  /// What ended it, 0 for its own exit.
  int32_t signal = 0;
  /// Why it could not be run, an errno.
  int32_t refused = 0;
};

}  // namespace bpfts

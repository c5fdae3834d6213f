#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace confine {

/// What the command line asks for.
struct Request {
  /// Files and folders that the program may read.
  std::vector<const char*> readable;
  /// Files and folders that it may read and execute.
  std::vector<const char*> runnable;
  /// Folders in which it may make, write and remove files.
  std::vector<const char*> writable;
  /// Variables of its environment, NAME=VALUE.
  std::vector<char*> environment;
  /// The program, its arguments and a null pointer.
  std::vector<char*> argv;
  /// The folder that it runs in.
  const char* folder = "/";
  /// Units: seconds of processor time, bytes, bytes.
  uint64_t cpu_seconds = 120;
  uint64_t memory_bytes = 4ull << 30;
  uint64_t file_bytes = 1ull << 30;
  /// Units: seconds by the clock; 0 is no limit.
  uint64_t time_seconds = 0;
  /// Ends a program that used no processor time for so long. Units: seconds; 0 is no limit.
  uint64_t idle_seconds = 0;
  /// The program is ended once this descriptor is readable.
  int stop_fd = -1;
  /// The process that must be there for the program to be wanted.
  pid_t parent = 0;
  /// Lets root's program read folders and files that only their owners may read: Landlock keeps it to those that were
  /// named.
  bool reads_private = false;
  /// Lets the program start others, as a wrapper script has to.
  bool starts_processes = false;
  bool probe = false;
};

/// Reads the arguments, and before them the words of the variable BPFTS_CONFINE, which are separated by the character
/// 0x1f. Answers what is wrong, or a null pointer.
const char* ReadRequest(int argc, char** argv, Request& request);

}  // namespace confine

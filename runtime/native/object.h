#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A libbpf object. Owns its programs and maps.
class Object final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kObject;
  explicit Object(struct bpf_object* object) : Resource(kKind), object_(object) {}
  ~Object() override { bpf_object__close(object_); }

  struct bpf_object* get() const {
    return object_;
  }
  bool loaded = false;
  /// Handles that were given out already, by name: asking again gives the same one.
  std::unordered_map<std::string, int32_t> program_handles;
  std::unordered_map<std::string, int32_t> map_handles;

 private:
  struct bpf_object* const object_;
};

/// A program of an object that outlives it.
class Program final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kProgram;
  Program(struct bpf_program* program, int32_t object) : Resource(kKind), program_(program), object_(object) {}

  struct bpf_program* get() const {
    return program_;
  }
  int32_t object() const { return object_; }

 private:
  struct bpf_program* const program_;
  const int32_t object_;
};

int32_t ObjectOpen(Environment& environment, Bytes bytes, const std::string& name);
std::vector<MapInfo> ObjectMaps(Environment& environment, int32_t object);
std::vector<ProgramInfo> ObjectPrograms(Environment& environment, int32_t object);
int ProgramSetAutoload(Environment& environment, int32_t object, const std::string& program, bool autoload);
int ProgramSetType(Environment& environment, int32_t object, const std::string& program, uint32_t type,
                   uint32_t attach_type);
int ProgramSetAttachTarget(Environment& environment, int32_t object, const std::string& program, int32_t target,
                           const std::string& function);
int ProgramSetFlags(Environment& environment, int32_t object, const std::string& program, uint32_t flags);
int MapSetMaxEntries(Environment& environment, int32_t object, const std::string& map, uint32_t max_entries);
int MapSetFlags(Environment& environment, int32_t object, const std::string& map, uint32_t flags);
int MapSetPinPath(Environment& environment, int32_t object, const std::string& map, const std::string& path);
int MapSetAutocreate(Environment& environment, int32_t object, const std::string& map, bool autocreate);
int MapReuse(Environment& environment, int32_t object, const std::string& map, int32_t existing);
int MapSetInnerMap(Environment& environment, int32_t object, const std::string& map, int32_t inner);
LoadResult ObjectLoad(Environment& environment, int32_t object, uint32_t log_level);
int ObjectClose(Environment& environment, int32_t object);
int32_t ProgramHandle(Environment& environment, int32_t object, const std::string& program);
Result<LiveProgramInfo> GetProgramInfo(Environment& environment, int32_t program);
Result<ProgramRun> RunProgram(Environment& environment, int32_t program, Bytes context);
Result<ProgramTest> TestProgram(Environment& environment, int32_t program, Bytes packet, Bytes context, uint32_t repeat,
                                bool keeps_context);
int ProgramPin(Environment& environment, int32_t program, const std::string& path);
std::string LastLog(Environment& environment);

}  // namespace bpfts

#include "object.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "descriptor.h"
#include "log.h"
#include "map.h"

namespace bpfts {

namespace {

/// The most that a program makes a packet longer: an IPv4 packet has at most this.
constexpr size_t kPacketGrowth = 65536;
/// Newer kernels have longer contexts than the caller knows.
constexpr size_t kContextGrowth = 256;

/// The verifier's log of one program. The pages are there on paper only until
/// the kernel writes to them, which it does for a rejected program, or when a
/// log was asked for; so every program can have as much as libbpf would give it.
class VerifierLog {
 public:
  VerifierLog() {
    void* pages = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages != MAP_FAILED) text_ = static_cast<char*>(pages);
  }
  VerifierLog(VerifierLog&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
  VerifierLog(const VerifierLog&) = delete;
  VerifierLog& operator=(const VerifierLog&) = delete;
  ~VerifierLog() {
    if (text_ != nullptr) munmap(text_, kSize);
  }

  char* text() const { return text_; }
  /// Source: the largest log that kernels before 5.2 take, and libbpf's own BPF_LOG_BUF_SIZE.
  static constexpr size_t kSize = UINT32_MAX >> 8;

 private:
  char* text_ = nullptr;
};

struct bpf_program* FindProgram(Environment& environment, int32_t handle, const std::string& name, int& status) {
  Object* object = environment.handles.Find<Object>(handle);
  status = object == nullptr ? -EBADF : -ENOENT;
  if (object == nullptr) return nullptr;
  struct bpf_program* program = bpf_object__find_program_by_name(object->get(), name.c_str());
  if (program != nullptr) status = 0;
  return program;
}

struct bpf_map* FindMap(Environment& environment, int32_t handle, const std::string& name, int& status) {
  Object* object = environment.handles.Find<Object>(handle);
  status = object == nullptr ? -EBADF : -ENOENT;
  if (object == nullptr) return nullptr;
  struct bpf_map* map = bpf_object__find_map_by_name(object->get(), name.c_str());
  if (map != nullptr) status = 0;
  return map;
}

}  // namespace

int32_t ObjectOpen(Environment& environment, Bytes bytes, const std::string& name) {
  const LogCapture capture(environment.log);
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name.c_str());
  struct bpf_object* object = bpf_object__open_mem(bytes.data, bytes.size, &options);
  if (object == nullptr) return -errno;
  return environment.handles.Add(std::make_unique<Object>(object));
}

std::vector<MapInfo> ObjectMaps(Environment& environment, int32_t handle) {
  std::vector<MapInfo> maps;
  Object* object = environment.handles.Find<Object>(handle);
  if (object == nullptr) return maps;
  struct bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object->get()) {
    maps.push_back({bpf_map__name(map), static_cast<uint32_t>(bpf_map__type(map)), bpf_map__key_size(map),
                    bpf_map__value_size(map), bpf_map__max_entries(map), bpf_map__map_flags(map), std::nullopt});
  }
  return maps;
}

std::vector<ProgramInfo> ObjectPrograms(Environment& environment, int32_t handle) {
  std::vector<ProgramInfo> programs;
  Object* object = environment.handles.Find<Object>(handle);
  if (object == nullptr) return programs;
  struct bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object->get()) {
    programs.push_back({bpf_program__name(program), bpf_program__section_name(program),
                        static_cast<uint32_t>(bpf_program__type(program))});
  }
  return programs;
}

int ProgramSetAutoload(Environment& environment, int32_t object, const std::string& name, bool autoload) {
  int status = 0;
  struct bpf_program* program = FindProgram(environment, object, name, status);
  return program == nullptr ? status : bpf_program__set_autoload(program, autoload);
}

int ProgramSetType(Environment& environment, int32_t object, const std::string& name, uint32_t type,
                   uint32_t attach_type) {
  int status = 0;
  struct bpf_program* program = FindProgram(environment, object, name, status);
  if (program == nullptr) return status;
  status = bpf_program__set_type(program, static_cast<enum bpf_prog_type>(type));
  if (status < 0) return status;
  return bpf_program__set_expected_attach_type(program, static_cast<enum bpf_attach_type>(attach_type));
}

int ProgramSetAttachTarget(Environment& environment, int32_t object, const std::string& name, int32_t target,
                           const std::string& function) {
  const LogCapture capture(environment.log);
  // libbpf keeps the number and loads by it; 0 is the kernel itself.
  const int target_fd = target == 0 ? 0 : FindDescriptor(environment, target);
  if (target_fd < 0) return target_fd;
  int status = 0;
  struct bpf_program* program = FindProgram(environment, object, name, status);
  return program == nullptr ? status : bpf_program__set_attach_target(program, target_fd, function.c_str());
}

int ProgramSetFlags(Environment& environment, int32_t object, const std::string& name, uint32_t flags) {
  int status = 0;
  struct bpf_program* program = FindProgram(environment, object, name, status);
  return program == nullptr ? status : bpf_program__set_flags(program, flags);
}

int MapSetMaxEntries(Environment& environment, int32_t object, const std::string& name, uint32_t max_entries) {
  int status = 0;
  struct bpf_map* map = FindMap(environment, object, name, status);
  return map == nullptr ? status : bpf_map__set_max_entries(map, max_entries);
}

int MapSetFlags(Environment& environment, int32_t object, const std::string& name, uint32_t flags) {
  int status = 0;
  struct bpf_map* map = FindMap(environment, object, name, status);
  return map == nullptr ? status : bpf_map__set_map_flags(map, flags);
}

int MapSetPinPath(Environment& environment, int32_t object, const std::string& name, const std::string& path) {
  int status = 0;
  struct bpf_map* map = FindMap(environment, object, name, status);
  return map == nullptr ? status : bpf_map__set_pin_path(map, path.c_str());
}

int MapSetAutocreate(Environment& environment, int32_t object, const std::string& name, bool autocreate) {
  int status = 0;
  struct bpf_map* map = FindMap(environment, object, name, status);
  return map == nullptr ? status : bpf_map__set_autocreate(map, autocreate);
}

int MapReuse(Environment& environment, int32_t object, const std::string& name, int32_t existing) {
  const LogCapture capture(environment.log);
  int status = 0;
  struct bpf_map* map = FindMap(environment, object, name, status);
  if (map == nullptr) return status;
  const Map* other = environment.handles.Find<Map>(existing);
  return other == nullptr || other->fd() < 0 ? -EBADF : bpf_map__reuse_fd(map, other->fd());
}

int MapSetInnerMap(Environment& environment, int32_t object, const std::string& name, int32_t inner) {
  const LogCapture capture(environment.log);
  int status = 0;
  struct bpf_map* map = FindMap(environment, object, name, status);
  if (map == nullptr) return status;
  const Map* shape = environment.handles.Find<Map>(inner);
  return shape == nullptr || shape->fd() < 0 ? -EBADF : bpf_map__set_inner_map_fd(map, shape->fd());
}

LoadResult ObjectLoad(Environment& environment, int32_t handle, uint32_t log_level) {
  LoadResult result;
  Object* object = environment.handles.Find<Object>(handle);
  if (object == nullptr) {
    result.status = -EBADF;
    return result;
  }
  // A second load would make libbpf say so and give up what it has loaded.
  if (object->loaded) {
    result.status = -EALREADY;
    return result;
  }
  std::vector<std::pair<struct bpf_program*, VerifierLog>> logs;
  struct bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object->get()) {
    if (!bpf_program__autoload(program)) continue;
    VerifierLog log;
    if (log.text() == nullptr) continue;
    bpf_program__set_log_buf(program, log.text(), VerifierLog::kSize);
    bpf_program__set_log_level(program, log_level);
    logs.emplace_back(program, std::move(log));
  }
  {
    const LogCapture capture(environment.log);
    result.status = bpf_object__load(object->get());
    object->loaded = true;
  }
  result.log = environment.log;
  for (auto& [owner, log] : logs) {
    bpf_program__set_log_buf(owner, nullptr, 0);
    if (log.text()[0] != '\0') result.program_logs.emplace_back(bpf_program__name(owner), log.text());
  }
  return result;
}

int ObjectClose(Environment& environment, int32_t object) { return environment.handles.Close(object, Kind::kObject); }

int32_t ProgramHandle(Environment& environment, int32_t object, const std::string& name) {
  int status = 0;
  struct bpf_program* program = FindProgram(environment, object, name, status);
  if (program == nullptr) return status;
  int32_t& handle = environment.handles.Find<Object>(object)->program_handles[name];
  if (environment.handles.Find<Program>(handle) == nullptr) {
    handle = environment.handles.Add(std::make_unique<Program>(program, object), object);
  }
  return handle;
}

Result<LiveProgramInfo> GetProgramInfo(Environment& environment, int32_t handle) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  struct bpf_prog_info info = {};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program->get()), &info, &size) < 0) return -errno;
  return LiveProgramInfo{info.id, info.run_cnt, info.run_time_ns, info.recursion_misses};
}

Result<ProgramRun> RunProgram(Environment& environment, int32_t handle, Bytes context) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  ProgramRun run;
  uint8_t* copy = run.context.Extend(context.size);
  if (context.size > 0) {
    if (copy == nullptr) return -ENOMEM;
    std::memcpy(copy, context.data, context.size);
  }
  // The kernel writes what the program left back into the context that came in.
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context.size > 0 ? copy : nullptr,
              .ctx_size_in = static_cast<uint32_t>(context.size));
  if (bpf_prog_test_run_opts(bpf_program__fd(program->get()), &options) < 0) return -errno;
  run.answer = options.retval;
  return run;
}

Result<ProgramTest> TestProgram(Environment& environment, int32_t handle, Bytes packet, Bytes context, uint32_t repeat,
                                bool keeps_context) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  ProgramTest test;
  LIBBPF_OPTS(bpf_test_run_opts, options, .repeat = static_cast<int>(repeat));
  if (packet.size > 0) {
    options.data_in = packet.data;
    options.data_size_in = static_cast<uint32_t>(packet.size);
    options.data_size_out = static_cast<uint32_t>(packet.size + kPacketGrowth);
    options.data_out = test.packet.Extend(options.data_size_out);
    if (options.data_out == nullptr) return -ENOMEM;
  }
  if (context.size > 0) {
    options.ctx_in = context.data;
    options.ctx_size_in = static_cast<uint32_t>(context.size);
  }
  if (context.size > 0 && keeps_context) {
    options.ctx_size_out = static_cast<uint32_t>(context.size + kContextGrowth);
    options.ctx_out = test.context.Extend(options.ctx_size_out);
    if (options.ctx_out == nullptr) return -ENOMEM;
  }
  if (bpf_prog_test_run_opts(bpf_program__fd(program->get()), &options) < 0) return -errno;
  test.packet.Truncate(packet.size > 0 ? options.data_size_out : 0);
  test.context.Truncate(options.ctx_size_out);
  test.answer = options.retval;
  test.duration_ns = options.duration;
  return test;
}

int ProgramPin(Environment& environment, int32_t handle, const std::string& path) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  return bpf_obj_pin(bpf_program__fd(program->get()), path.c_str()) < 0 ? -errno : 0;
}

std::string LastLog(Environment& environment) { return environment.log; }

}  // namespace bpfts

#include <napi.h>

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "answers.h"
#include "arguments.h"
#include "btf.h"
#include "btf_select.h"
#include "demangle.h"
#include "descriptor.h"
#include "detach_probes.h"
#include "elf.h"
#include "environment.h"
#include "file.h"
#include "iterator.h"
#include "link.h"
#include "live.h"
#include "log.h"
#include "map.h"
#include "mapped_code.h"
#include "multi_link.h"
#include "network.h"
#include "object.h"
#include "output.h"
#include "poller.h"
#include "probe.h"
#include "process.h"
#include "ring.h"
#include "signals.h"
#include "struct_ops.h"
#include "user_ring.h"
#include "watchdog.h"

namespace bpfts {

void Environment::Close() {
  handles.CloseAll();
  SignalsRelease(*this);
}

Environment::~Environment() { Close(); }

namespace {

template <typename Tuple, size_t... Index>
bool ReadArguments(const Napi::CallbackInfo& info, const char* name, Tuple& values, std::index_sequence<Index...>) {
  const char* wrong = nullptr;
  size_t place = 0;
  [[maybe_unused]] const auto read = [&](size_t index, auto& value) {
    wrong = Read(info[index], value);
    place = index;
    return wrong == nullptr;
  };
  if ((read(Index, std::get<Index>(values)) && ...)) return true;
  // A getter threw: its exception goes on as it is.
  if (info.Env().IsExceptionPending()) return false;
  const std::string message = std::string(name) + ": argument " + std::to_string(place + 1) + " must be " + wrong;
  Napi::TypeError::New(info.Env(), message).ThrowAsJavaScriptException();
  return false;
}

/// Makes a C++ function a method: its parameters say how the arguments are read, its result how it is answered.
template <typename Answer, typename... Parameters>
void Bind(Napi::Object& exports, const char* name, Answer (*function)(Environment&, Parameters...)) {
  const auto call = [function, name](const Napi::CallbackInfo& info) -> Napi::Value {
    std::tuple<std::remove_cvref_t<Parameters>...> values;
    if (!ReadArguments(info, name, values, std::index_sequence_for<Parameters...>())) return info.Env().Undefined();
    auto& environment = *info.Env().GetInstanceData<Environment>();
    return std::apply([&](auto&... value) { return ToJs(info.Env(), function(environment, value...)); }, values);
  };
  exports.Set(name, Napi::Function::New(exports.Env(), call, name));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InstallLogPrinter();
  auto* environment = new Environment();
  env.SetInstanceData(environment);
  // Instance data goes last of all; links should be gone before the rest of the environment is.
  env.AddCleanupHook([](Environment* closing) { closing->Close(); }, environment);

  Bind(exports, "objectOpen", ObjectOpen);
  Bind(exports, "objectMaps", ObjectMaps);
  Bind(exports, "objectPrograms", ObjectPrograms);
  Bind(exports, "programSetAutoload", ProgramSetAutoload);
  Bind(exports, "programSetType", ProgramSetType);
  Bind(exports, "programSetAttachTarget", ProgramSetAttachTarget);
  Bind(exports, "programSetFlags", ProgramSetFlags);
  Bind(exports, "mapSetMaxEntries", MapSetMaxEntries);
  Bind(exports, "mapSetFlags", MapSetFlags);
  Bind(exports, "mapSetPinPath", MapSetPinPath);
  Bind(exports, "mapSetAutocreate", MapSetAutocreate);
  Bind(exports, "mapReuse", MapReuse);
  Bind(exports, "mapSetInnerMap", MapSetInnerMap);
  Bind(exports, "objectLoad", ObjectLoad);
  Bind(exports, "objectClose", ObjectClose);
  Bind(exports, "lastLog", LastLog);

  Bind(exports, "programHandle", ProgramHandle);
  Bind(exports, "programInfo", GetProgramInfo);
  Bind(exports, "programRun", RunProgram);
  Bind(exports, "programTest", TestProgram);
  Bind(exports, "programPin", ProgramPin);
  Bind(exports, "mapHandle", MapHandle);
  Bind(exports, "mapCreate", MapCreate);
  Bind(exports, "mapOpenPinned", MapOpenPinned);
  Bind(exports, "mapOpenId", MapOpenId);
  Bind(exports, "mapInfo", GetMapInfo);
  Bind(exports, "mapClose", MapClose);
  Bind(exports, "mapPin", MapPin);

  Bind(exports, "mapLookup", MapLookup);
  Bind(exports, "mapLookupAndDelete", MapLookupAndDelete);
  Bind(exports, "mapUpdate", MapUpdate);
  Bind(exports, "mapDelete", MapDelete);
  Bind(exports, "mapNextKey", MapNextKey);
  Bind(exports, "mapReadAll", MapReadAll);
  Bind(exports, "mapUpdateAll", MapUpdateAll);
  Bind(exports, "mapDeleteAll", MapDeleteAll);
  Bind(exports, "possibleCpus", PossibleCpus);

  Bind(exports, "attachAuto", AttachAuto);
  Bind(exports, "attachTracepoint", AttachTracepoint);
  Bind(exports, "attachRawTracepoint", AttachRawTracepoint);
  Bind(exports, "attachKprobe", AttachKprobe);
  Bind(exports, "attachUprobe", AttachUprobe);
  Bind(exports, "attachUprobeMulti", AttachUprobeMulti);
  Bind(exports, "attachKprobeMulti", AttachKprobeMulti);
  Bind(exports, "attachUsdt", AttachUsdt);
  Bind(exports, "attachPerfEvent", AttachPerfEvent);
  Bind(exports, "attachTarget", AttachTarget);
  Bind(exports, "attachFreplace", AttachFreplace);
  Bind(exports, "attachMap", AttachMap);
  Bind(exports, "attachStructOps", AttachStructOps);
  Bind(exports, "perfCounterOpen", PerfCounterOpen);
  Bind(exports, "linkClose", LinkClose);
  Bind(exports, "detachProbes", DetachProbes);
  Bind(exports, "linkCreate", LinkCreate);
  Bind(exports, "linkUpdate", LinkUpdate);
  Bind(exports, "linkPin", LinkPin);
  Bind(exports, "linkDescribe", LinkDescribe);
  Bind(exports, "filterAttach", FilterAttach);
  Bind(exports, "rawSocketAttach", RawSocketAttach);
  Bind(exports, "netlinkDump", NetlinkDump);
  Bind(exports, "programQuery", ProgramQuery);
  Bind(exports, "programQueryOf", ProgramQueryOf);
  Bind(exports, "iteratorOpen", IteratorOpen);
  Bind(exports, "iteratorRead", IteratorRead);
  Bind(exports, "iteratorClose", IteratorClose);
  Bind(exports, "mappedCodeOpen", MappedCodeOpen);
  Bind(exports, "mappedCodeRead", MappedCodeRead);
  Bind(exports, "mappedCodeLost", MappedCodeLost);
  Bind(exports, "mappedCodeClose", MappedCodeClose);

  Bind(exports, "liveNextId", LiveNextId);
  Bind(exports, "liveOpen", LiveOpen);
  Bind(exports, "liveInfo", GetLiveInfo);
  Bind(exports, "pinOpen", PinOpen);
  Bind(exports, "statsEnable", StatsEnable);
  Bind(exports, "descriptorOpen", DescriptorOpen);
  Bind(exports, "descriptorPath", DescriptorPath);
  Bind(exports, "descriptorPut", DescriptorPut);
  Bind(exports, "descriptorClose", DescriptorClose);

  Bind(exports, "perfBufferOpen", PerfBufferOpen);
  Bind(exports, "ringBufferOpen", RingBufferOpen);
  Bind(exports, "ringRead", RingRead);
  Bind(exports, "ringLost", RingLost);
  Bind(exports, "ringClose", RingClose);
  Bind(exports, "userRingOpen", UserRingOpen);
  Bind(exports, "userRingWrite", UserRingWrite);

  Bind(exports, "wait", Wait);
  Bind(exports, "fileOpen", FileOpen);
  Bind(exports, "fileRead", FileRead);
  Bind(exports, "fileClose", FileClose);
  Bind(exports, "write", Write);

  Bind(exports, "signalsCatch", SignalsCatch);
  Bind(exports, "signalPending", SignalPending);
  Bind(exports, "signalTake", SignalTake);
  Bind(exports, "signalFd", GetSignalFd);
  Bind(exports, "signalAfter", SignalAfter);
  Bind(exports, "signalsFinish", SignalsFinish);
  Bind(exports, "signalsRelease", SignalsRelease);
  Bind(exports, "guardDeadline", GuardDeadline);
  Bind(exports, "guardHeed", GuardHeed);
  Bind(exports, "guardPause", GuardPause);
  exports.Set("runGuarded", Napi::Function::New(env, RunGuarded, "runGuarded"));

  Bind(exports, "processSpawn", ProcessSpawn);
  Bind(exports, "processPid", ProcessPid);
  Bind(exports, "processRelease", ProcessRelease);
  Bind(exports, "processState", GetProcessState);
  Bind(exports, "processReap", ProcessReap);
  Bind(exports, "processClose", ProcessClose);
  Bind(exports, "pidfdOpen", PidfdOpen);
  Bind(exports, "pidfdSignal", PidfdSignal);
  Bind(exports, "pidfdCopy", PidfdCopy);

  Bind(exports, "elfDescribe", ElfDescribe);
  Bind(exports, "elfSymbols", ElfSymbols);
  Bind(exports, "elfFindObject", ElfFindObject);
  Bind(exports, "elfUsdtNotes", ElfUsdtNotes);
  Bind(exports, "fileCrc32", FileCrc32);
  Bind(exports, "demangle", Demangle);

  Bind(exports, "btfDumpC", BtfDumpC);
  Bind(exports, "btfListNames", BtfListNames);
  Bind(exports, "btfSelectC", BtfSelectC);
  Bind(exports, "mount", Mount);
  Bind(exports, "probeProgramType", ProbeProgramType);
  Bind(exports, "probeMapType", ProbeMapType);
  Bind(exports, "probeHelper", ProbeHelper);
  Bind(exports, "libbpfVersion", LibbpfVersion);
  return exports;
}

}  // namespace

NODE_API_MODULE(bpfts, Init)

}  // namespace bpfts

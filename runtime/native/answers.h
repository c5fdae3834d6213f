#pragma once

#include <napi.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "values.h"

namespace bpfts {

inline Napi::Value ToJs(Napi::Env env, int value) { return Napi::Number::New(env, value); }
inline Napi::Value ToJs(Napi::Env env, int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }
inline Napi::Value ToJs(Napi::Env env, const std::string& value) { return Napi::String::New(env, value); }

inline Napi::Value ToJs(Napi::Env env, const Bytes& bytes) {
  auto array = Napi::Uint8Array::New(env, bytes.size);
  if (bytes.size > 0) std::memcpy(array.Data(), bytes.data, bytes.size);
  return array;
}

inline Napi::Value ToJs(Napi::Env env, const Buffer& buffer) { return ToJs(env, Bytes{buffer.data(), buffer.size()}); }

inline Napi::Value ToJs(Napi::Env env, const MapInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("name", info.name);
  object.Set("type", info.type);
  object.Set("keySize", info.key_size);
  object.Set("valueSize", info.value_size);
  object.Set("maxEntries", info.max_entries);
  object.Set("flags", info.flags);
  if (info.id.has_value()) object.Set("id", *info.id);
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const ProgramInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("name", info.name);
  object.Set("section", info.section);
  object.Set("type", info.type);
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const LiveProgramInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("id", info.id);
  object.Set("runCount", Napi::BigInt::New(env, info.run_count));
  object.Set("runTimeNs", Napi::BigInt::New(env, info.run_time_ns));
  object.Set("recursionMisses", Napi::BigInt::New(env, info.recursion_misses));
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const ProgramRun& run) {
  auto object = Napi::Object::New(env);
  object.Set("answer", run.answer);
  object.Set("context", ToJs(env, run.context));
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const ProgramTest& test) {
  auto object = Napi::Object::New(env);
  object.Set("answer", test.answer);
  object.Set("durationNs", test.duration_ns);
  object.Set("packet", ToJs(env, test.packet));
  object.Set("context", ToJs(env, test.context));
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const LoadResult& result) {
  auto logs = Napi::Object::New(env);
  for (const auto& [program, log] : result.program_logs) logs.Set(program, log);
  auto object = Napi::Object::New(env);
  object.Set("status", result.status);
  object.Set("log", result.log);
  object.Set("programLogs", logs);
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const MapBatch& batch) {
  auto object = Napi::Object::New(env);
  object.Set("keys", ToJs(env, batch.keys));
  object.Set("values", ToJs(env, batch.values));
  object.Set("count", batch.count);
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const ElfSegment& segment) {
  auto object = Napi::Object::New(env);
  object.Set("address", Napi::BigInt::New(env, segment.address));
  object.Set("offset", Napi::BigInt::New(env, segment.offset));
  object.Set("size", Napi::BigInt::New(env, segment.size));
  object.Set("executable", segment.executable);
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const ElfSymbolTable& table) {
  auto object = Napi::Object::New(env);
  object.Set("count", table.count);
  object.Set("starts", ToJs(env, table.starts));
  object.Set("ends", ToJs(env, table.ends));
  object.Set("nameOffsets", ToJs(env, table.name_offsets));
  object.Set("indirect", ToJs(env, table.indirect));
  object.Set("standings", ToJs(env, table.standings));
  object.Set("names", ToJs(env, table.names));
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const UsdtNote& note) {
  auto object = Napi::Object::New(env);
  object.Set("provider", note.provider);
  object.Set("name", note.name);
  object.Set("arguments", note.arguments);
  object.Set("location", Napi::BigInt::New(env, note.location));
  object.Set("semaphore", Napi::BigInt::New(env, note.semaphore));
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const ProcessState& state) {
  auto object = Napi::Object::New(env);
  object.Set("exited", state.exited);
  object.Set("code", state.code);
  object.Set("signal", state.signal);
  object.Set("refused", state.refused);
  return object;
}

template <typename T>
Napi::Value ToJs(Napi::Env env, const std::vector<T>& list) {
  auto array = Napi::Array::New(env, list.size());
  for (uint32_t i = 0; i < list.size(); i++) array.Set(i, ToJs(env, list[i]));
  return array;
}

inline Napi::Value ToJs(Napi::Env env, const ElfInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("type", info.type);
  object.Set("machine", info.machine);
  object.Set("wordSize", info.word_size);
  object.Set("buildId", info.build_id);
  object.Set("debugLink", info.debug_link);
  object.Set("debugLinkCrc", info.debug_link_crc);
  object.Set("threadBytes", ToJs(env, static_cast<int64_t>(info.thread_bytes)));
  object.Set("segments", ToJs(env, info.segments));
  return object;
}

inline Napi::Value ToJs(Napi::Env env, const LiveInfo& live) {
  auto object = Napi::Object::New(env);
  object.Set("info", ToJs(env, live.info));
  object.Set("parts", ToJs(env, live.parts));
  return object;
}

template <typename T>
Napi::Value ToJs(Napi::Env env, const std::variant<int, T>& result) {
  return std::visit([env](const auto& value) { return ToJs(env, value); }, result);
}

}  // namespace bpfts

#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "values.h"

namespace bpfts {

// Each Read answers what is wrong with the value, or null when it is fine. A getter of JavaScript's may throw: then the
// value is empty, the exception is pending, and nothing may be asked of JavaScript before it is thrown.

inline const char* Read(Napi::Value value, bool& into) {
  if (!value.IsBoolean()) return "a boolean";
  into = value.As<Napi::Boolean>().Value();
  return nullptr;
}

inline const char* Read(Napi::Value value, int32_t& into) {
  if (!value.IsNumber()) return "an integer of 32 bits";
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= INT32_MIN && number <= INT32_MAX) || number != static_cast<int32_t>(number)) {
    return "an integer of 32 bits";
  }
  into = static_cast<int32_t>(number);
  return nullptr;
}

inline const char* Read(Napi::Value value, uint32_t& into) {
  if (!value.IsNumber()) return "an unsigned integer of 32 bits";
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= UINT32_MAX) || number != static_cast<uint32_t>(number)) {
    return "an unsigned integer of 32 bits";
  }
  into = static_cast<uint32_t>(number);
  return nullptr;
}

inline const char* Read(Napi::Value value, uint64_t& into) {
  if (!value.IsBigInt()) return "a bigint of 64 bits, not negative";
  bool lossless = false;
  into = value.As<Napi::BigInt>().Uint64Value(&lossless);
  return lossless ? nullptr : "a bigint of 64 bits, not negative";
}

inline const char* Read(Napi::Value value, std::string& into) {
  if (!value.IsString()) return "a string without NUL";
  into = value.As<Napi::String>().Utf8Value();
  return into.find('\0') == std::string::npos ? nullptr : "a string without NUL";
}

inline const char* Read(Napi::Value value, Bytes& into) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return "a Uint8Array";
  const auto array = value.As<Napi::Uint8Array>();
  into = {array.Data(), array.ByteLength()};
  return nullptr;
}

inline const char* Read(Napi::Value value, Room& into) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return "a Uint8Array";
  auto array = value.As<Napi::Uint8Array>();
  into = {array.Data(), array.ByteLength()};
  return nullptr;
}

template <typename T>
const char* Read(Napi::Value value, std::optional<T>& into) {
  if (value.IsNull() || value.IsUndefined()) {
    into.reset();
    return nullptr;
  }
  return Read(value, into.emplace());
}

inline const char* Read(Napi::Value value, std::vector<std::string>& into) {
  if (!value.IsArray()) return "an array of strings";
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value element = array.Get(i);
    if (element.IsEmpty() || Read(element, into.emplace_back()) != nullptr) return "an array of strings without NUL";
  }
  return nullptr;
}

/// The members of an object by their names, before any of them is read: a getter of a later one could take the memory
/// of an earlier one away. False when a getter threw.
template <size_t Count>
bool GetMembers(const Napi::Value& value, const char* const (&names)[Count], Napi::Value (&members)[Count]) {
  const auto object = value.As<Napi::Object>();
  for (size_t i = 0; i < Count; i++) {
    members[i] = object.Get(names[i]);
    if (members[i].IsEmpty()) return false;
  }
  return true;
}

/// Reads members one after another. Answers whether all of them are what they should be.
template <size_t Count, typename... Parts>
bool ReadMembers(const Napi::Value& value, const char* const (&names)[Count], Parts&... parts) {
  static_assert(sizeof...(Parts) == Count);
  Napi::Value members[Count];
  if (!GetMembers(value, names, members)) return false;
  size_t at = 0;
  return ((Read(members[at++], parts) == nullptr) && ...);
}

inline const char* Read(Napi::Value value, MapBatchView& into) {
  if (!value.IsObject()) return "a batch";
  const bool fine = ReadMembers(value, {"keys", "values", "count"}, into.keys, into.values, into.count);
  return fine ? nullptr : "a batch: keys, values and their count";
}

inline const char* Read(Napi::Value value, MapShape& into) {
  if (!value.IsObject()) return "the shape of a map";
  const bool fine = ReadMembers(
      value, {"name", "type", "keySize", "valueSize", "maxEntries", "flags", "keyType", "valueType"}, into.name,
      into.type, into.key_size, into.value_size, into.max_entries, into.flags, into.key_type, into.value_type);
  return fine ? nullptr : "the shape of a map";
}

inline const char* Read(Napi::Value value, UprobeTarget& into) {
  if (!value.IsObject()) return "a uprobe target";
  const bool fine = ReadMembers(value, {"path", "offset", "retprobe", "pid", "refCtrOffset", "cookie"}, into.path,
                                into.offset, into.retprobe, into.pid, into.ref_ctr_offset, into.cookie);
  return fine ? nullptr : "a uprobe target";
}

inline const char* Read(Napi::Value value, UprobeMultiTarget& into) {
  if (!value.IsObject()) return "a target of many uprobes";
  const bool fine = ReadMembers(value, {"path", "offsets", "refCtrOffsets", "cookies", "retprobe", "pid"}, into.path,
                                into.offsets, into.ref_ctr_offsets, into.cookies, into.retprobe, into.pid);
  return fine ? nullptr : "a target of many uprobes";
}

inline const char* Read(Napi::Value value, PerfEventTarget& into) {
  if (!value.IsObject()) return "a perf event target";
  const bool fine = ReadMembers(
      value,
      {"type", "config", "samplePeriod", "sampleFreq", "pid", "cpu", "config1", "config2", "bpType", "flags"},
      into.type, into.config, into.sample_period, into.sample_freq, into.pid, into.cpu, into.config1, into.config2,
      into.bp_type, into.flags);
  return fine ? nullptr : "a perf event target";
}

}  // namespace bpfts

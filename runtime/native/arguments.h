#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "values.h"

namespace bpfts {

// Each Read answers what is wrong with the value, or null when it is fine.

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
    if (Read(array.Get(i), into.emplace_back()) != nullptr) return "an array of strings without NUL";
  }
  return nullptr;
}

template <typename T>
const char* ReadField(const Napi::Object& object, const char* name, T& into, const char* before) {
  return before != nullptr ? before : Read(object.Get(name), into);
}

inline const char* Read(Napi::Value value, MapBatchView& into) {
  if (!value.IsObject()) return "a batch";
  const auto object = value.As<Napi::Object>();
  const char* wrong = ReadField(object, "keys", into.keys, nullptr);
  wrong = ReadField(object, "values", into.values, wrong);
  return ReadField(object, "count", into.count, wrong) == nullptr ? nullptr : "a batch: keys, values and their count";
}

inline const char* Read(Napi::Value value, UprobeTarget& into) {
  if (!value.IsObject()) return "a uprobe target";
  const auto object = value.As<Napi::Object>();
  const char* wrong = ReadField(object, "path", into.path, nullptr);
  wrong = ReadField(object, "offset", into.offset, wrong);
  wrong = ReadField(object, "retprobe", into.retprobe, wrong);
  wrong = ReadField(object, "pid", into.pid, wrong);
  wrong = ReadField(object, "refCtrOffset", into.ref_ctr_offset, wrong);
  return ReadField(object, "cookie", into.cookie, wrong) == nullptr ? nullptr : "a uprobe target";
}

inline const char* Read(Napi::Value value, PerfEventTarget& into) {
  if (!value.IsObject()) return "a perf event target";
  const auto object = value.As<Napi::Object>();
  const char* wrong = ReadField(object, "type", into.type, nullptr);
  wrong = ReadField(object, "config", into.config, wrong);
  wrong = ReadField(object, "samplePeriod", into.sample_period, wrong);
  wrong = ReadField(object, "sampleFreq", into.sample_freq, wrong);
  wrong = ReadField(object, "pid", into.pid, wrong);
  return ReadField(object, "cpu", into.cpu, wrong) == nullptr ? nullptr : "a perf event target";
}

}  // namespace bpfts

#include "btf_select.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "btf_file.h"
#include "log.h"

namespace bpfts {

namespace {

const char* ReadName(const struct btf* btf, uint32_t offset) {
  const char* name = btf__name_by_offset(btf, offset);
  return name == nullptr ? "" : name;
}

/// Names of other languages' types are none in C.
bool IsIdentifier(std::string_view name) {
  return !name.empty() && isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char letter) { return isalnum(letter) != 0 || letter == '_'; });
}

/// What a type is behind typedefs, qualifiers, arrays and pointers, and whether a pointer was among them.
struct Target {
  uint32_t id;
  bool behind_pointer;
};

Target Resolve(const struct btf* btf, uint32_t id) {
  for (bool behind_pointer = false;;) {
    const struct btf_type* type = btf__type_by_id(btf, id);
    if (type == nullptr) return {0, behind_pointer};
    if (btf_is_ptr(type)) {
      behind_pointer = true;
    } else if (btf_is_array(type)) {
      id = btf_array(type)->type;
      continue;
    } else if (!btf_is_mod(type) && !btf_is_typedef(type)) {
      return {id, behind_pointer};
    }
    id = type->type;
  }
}

/// What stands before the name of a type, in C; a null pointer for what has no name that a text may use.
const char* FindKeyword(const struct btf_type* type) {
  switch (btf_kind(type)) {
    case BTF_KIND_STRUCT:
      return "struct ";
    case BTF_KIND_UNION:
      return "union ";
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return "enum ";
    case BTF_KIND_TYPEDEF:
      return "typedef ";
    default:
      return nullptr;
  }
}

/// An enumerator; `bits` is its value, whose sign is extended where the enum has one.
struct Enumerator {
  const char* name;
  uint64_t bits;
};

std::vector<Enumerator> ListEnumerators(const struct btf* btf, const struct btf_type* type) {
  std::vector<Enumerator> found;
  for (int at = 0; at < btf_vlen(type); at++) {
    if (btf_is_enum64(type)) {
      const struct btf_enum64& value = btf_enum64(type)[at];
      found.push_back({ReadName(btf, value.name_off), btf_enum64_value(&value)});
    } else {
      const struct btf_enum& value = btf_enum(type)[at];
      const auto bits = static_cast<uint32_t>(value.val);
      found.push_back({ReadName(btf, value.name_off), btf_kflag(type) ? static_cast<uint64_t>(value.val) : bits});
    }
  }
  return found;
}

class NameLister {
 public:
  explicit NameLister(const struct btf* btf) : btf_(btf) {}

  std::string List() {
    const uint32_t end = btf__type_cnt(btf_);
    for (uint32_t id = 1; id < end; id++) ListType(btf__type_by_id(btf_, id));
    std::sort(lines_.begin(), lines_.end());
    lines_.erase(std::unique(lines_.begin(), lines_.end()), lines_.end());
    std::string text;
    for (const std::string& line : lines_) text.append(line).push_back('\n');
    return text;
  }

 private:
  void ListType(const struct btf_type* type) {
    const char* keyword = FindKeyword(type);
    if (keyword == nullptr) return;
    const std::string name = ReadName(btf_, type->name_off);
    if (IsIdentifier(name)) lines_.push_back(keyword + name);
    if (btf_is_any_enum(type)) {
      for (const auto& [value, bits] : ListEnumerators(btf_, type)) {
        // Of several by one name, the first is the one that a text gets.
        if (!values_.insert(value).second) continue;
        const std::string number = btf_kflag(type) ? std::to_string(static_cast<int64_t>(bits)) : std::to_string(bits);
        lines_.push_back(std::string("value ") + value + ' ' + number);
      }
    } else if (btf_is_composite(type) && IsIdentifier(name)) {
      ListMembers(type, keyword + name);
    }
  }

  void ListMembers(const struct btf_type* record, const std::string& around) {
    for (int at = 0; at < btf_vlen(record); at++) {
      const struct btf_member& member = btf_members(record)[at];
      const std::string name = ReadName(btf_, member.name_off);
      if (btf_member_bitfield_size(record, at) != 0 && !name.empty()) lines_.push_back("bits " + around + '.' + name);
      const Target target = Resolve(btf_, member.type);
      const struct btf_type* type = btf__type_by_id(btf_, target.id);
      if (type != nullptr && !target.behind_pointer && btf_is_composite(type) && type->name_off == 0)
        ListMembers(type, around);
    }
  }

  const struct btf* btf_;
  std::vector<std::string> lines_;
  std::unordered_set<std::string_view> values_;
};

class Selection {
 public:
  Selection(const struct btf* btf, const std::string& names) : btf_(btf) {
    const std::string_view all = names;
    for (size_t start = 0; start < all.size();) {
      const size_t end = std::min(all.find(' ', start), all.size());
      names_.insert(all.substr(start, end - start));
      start = end + 1;
    }
  }

  /// The numbers of the types, in order.
  std::vector<uint32_t> List() {
    const uint32_t end = btf__type_cnt(btf_);
    for (uint32_t id = 1; id < end; id++) {
      if (IsWanted(btf__type_by_id(btf_, id))) Take(id);
    }
    while (!pending_.empty()) {
      const uint32_t id = pending_.back();
      pending_.pop_back();
      TakeMembers(btf__type_by_id(btf_, id));
    }
    // A record without a name stands inside of another type.
    std::vector<uint32_t> found;
    for (const uint32_t id : taken_) {
      const struct btf_type* type = btf__type_by_id(btf_, id);
      if (type->name_off != 0 || btf_is_any_enum(type)) found.push_back(id);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  bool IsWanted(const struct btf_type* type) {
    const char* keyword = FindKeyword(type);
    if (keyword == nullptr) return false;
    bool wanted = false;
    const char* name = ReadName(btf_, type->name_off);
    if (names_.contains(name)) wanted = found_.insert(std::string(keyword) + name).second;
    if (btf_is_any_enum(type)) {
      for (const auto& [value, bits] : ListEnumerators(btf_, type)) {
        if (names_.contains(value)) wanted = found_.insert(std::string("value ") + value).second || wanted;
      }
    }
    return wanted;
  }

  void Take(uint32_t id) {
    if (id == 0 || !taken_.insert(id).second) return;
    const struct btf_type* type = btf__type_by_id(btf_, id);
    if (btf_is_composite(type)) pending_.push_back(id);
    // A name for a pointer is used as one.
    if (btf_is_typedef(type)) TakeRecord(Resolve(btf_, id).id);
  }

  void TakeRecord(uint32_t id) {
    const struct btf_type* type = btf__type_by_id(btf_, id);
    if (type != nullptr && btf_is_composite(type)) Take(id);
  }

  void TakeMembers(const struct btf_type* record) {
    for (int at = 0; at < btf_vlen(record); at++) {
      const struct btf_member& member = btf_members(record)[at];
      const Target target = Resolve(btf_, member.type);
      if (!target.behind_pointer || names_.contains(ReadName(btf_, member.name_off))) TakeRecord(target.id);
    }
  }

  const struct btf* btf_;
  std::unordered_set<std::string_view> names_;
  std::unordered_set<std::string> found_;
  std::unordered_set<uint32_t> taken_;
  std::vector<uint32_t> pending_;
};

}  // namespace

Result<std::string> BtfListNames(Environment& environment, const std::string& path) {
  const LogCapture capture(environment.log);
  const BtfPointer btf(btf__parse(path.c_str(), nullptr));
  if (btf == nullptr) return -errno;
  return NameLister(btf.get()).List();
}

Result<std::string> BtfSelectC(Environment& environment, const std::string& path, const std::string& names) {
  const LogCapture capture(environment.log);
  const BtfPointer btf(btf__parse(path.c_str(), nullptr));
  if (btf == nullptr) return -errno;
  std::string text = kTypesOpening;
  const BtfDumpPointer dump = OpenBtfDump(btf.get(), text);
  if (dump == nullptr) return -errno;
  for (const uint32_t id : Selection(btf.get(), names).List()) {
    const int status = btf_dump__dump_type(dump.get(), id);
    if (status < 0) return status;
  }
  return text + kTypesClosing;
}

}  // namespace bpfts

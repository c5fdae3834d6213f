#include "netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace bpfts {

namespace {

constexpr size_t kMaxRequest = 256;
constexpr size_t kRoom = 64 * 1024;

/// Appends the messages of one datagram. Answers 1 at the end of the dump, 0 when more is to come, or a negative errno.
int AppendMessages(const uint8_t* bytes, size_t size, Buffer& into) {
  for (size_t at = 0; at + sizeof(struct nlmsghdr) <= size;) {
    struct nlmsghdr head;
    std::memcpy(&head, bytes + at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > size - at) return -EPROTO;
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) {
      int32_t status = 0;
      if (head.nlmsg_len >= sizeof head + sizeof status) std::memcpy(&status, bytes + at + sizeof head, sizeof status);
      return status < 0 ? status : 1;
    }
    const size_t aligned = NLMSG_ALIGN(head.nlmsg_len);
    uint8_t* room = into.Extend(aligned);
    if (room == nullptr) return -ENOMEM;
    std::memset(room, 0, aligned);
    std::memcpy(room, bytes + at, head.nlmsg_len);
    at += aligned;
  }
  return 0;
}

}  // namespace

int DumpNetlink(int netns, uint32_t type, Bytes request, Buffer& into) {
  if (request.size > kMaxRequest) return -EINVAL;
  // A socket belongs to the namespace that it was made in.
  const int fd = RunInNetns(netns, [] {
    const int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return made < 0 ? -errno : made;
  });
  if (fd < 0) return fd;
  std::array<uint8_t, NLMSG_HDRLEN + kMaxRequest> message = {};
  struct nlmsghdr head = {};
  head.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN + request.size);
  head.nlmsg_type = static_cast<uint16_t>(type);
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::memcpy(message.data(), &head, sizeof head);
  if (request.size > 0) std::memcpy(message.data() + NLMSG_HDRLEN, request.data, request.size);
  int status = send(fd, message.data(), head.nlmsg_len, 0) < 0 ? -errno : 0;
  Buffer room;
  uint8_t* bytes = room.Extend(kRoom);
  if (bytes == nullptr) status = -ENOMEM;
  while (status == 0) {
    const ssize_t got = recv(fd, bytes, kRoom, 0);
    if (got < 0 && errno == EINTR) continue;
    status = got < 0 ? -errno : AppendMessages(bytes, static_cast<size_t>(got), into);
  }
  close(fd);
  return status < 0 ? status : 0;
}

}  // namespace bpfts

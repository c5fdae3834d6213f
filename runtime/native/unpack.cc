#include "unpack.h"

#include <cerrno>

#ifdef BPFTS_HAVE_LZMA
#include <lzma.h>
#endif

namespace bpfts {

#ifdef BPFTS_HAVE_LZMA

namespace {

/// The symbols of the largest programs take a few MiB; a file of somebody else's making may claim any size.
constexpr size_t kMostBytes = size_t{256} << 20;
constexpr uint64_t kMostMemory = uint64_t{128} << 20;
constexpr size_t kBlock = size_t{256} << 10;

struct Decoder {
  lzma_stream stream = LZMA_STREAM_INIT;
  ~Decoder() { lzma_end(&stream); }
};

}  // namespace

Result<Buffer> UnpackXz(const Bytes& packed) {
  Decoder decoder;
  lzma_stream& stream = decoder.stream;
  if (lzma_stream_decoder(&stream, kMostMemory, 0) != LZMA_OK) return -ENOMEM;
  stream.next_in = packed.data;
  stream.avail_in = packed.size;
  Buffer plain;
  for (lzma_ret status = LZMA_OK; status != LZMA_STREAM_END;) {
    if (plain.size() >= kMostBytes) return -EFBIG;
    const size_t before = plain.size();
    uint8_t* block = plain.Extend(kBlock);
    if (block == nullptr) return -ENOMEM;
    stream.next_out = block;
    stream.avail_out = kBlock;
    status = lzma_code(&stream, LZMA_FINISH);
    plain.Truncate(before + kBlock - stream.avail_out);
    if (status == LZMA_MEMLIMIT_ERROR || status == LZMA_MEM_ERROR) return -ENOMEM;
    // LZMA_BUF_ERROR: the input ends in the middle.
    if (status != LZMA_OK && status != LZMA_STREAM_END) return -EINVAL;
  }
  return plain;
}

#else

Result<Buffer> UnpackXz(const Bytes&) { return -ENOTSUP; }

#endif

}  // namespace bpfts

{
  "variables": {
    # node-gyp rebuild --bpfts_sanitize=1 makes an AddressSanitizer build (see test/README.md).
    "bpfts_sanitize%": 0,
    # node-gyp rebuild --bpfts_static=1 links the libraries in (runtime/native/prebuild.sh).
    "bpfts_static%": 0,
    # Without libiberty, Rust's newer names stay mangled.
    "bpfts_libiberty%": "<!(test -e /usr/include/libiberty/demangle.h && echo 1 || echo 0)",
    # Without liblzma, the symbols that some distributions pack into stripped binaries are not read.
    "bpfts_lzma%": "<!(pkg-config --exists liblzma && echo 1 || echo 0)"
  },
  "targets": [
    {
      "target_name": "bpfts",
      "sources": [
        "runtime/native/addon.cc",
        "runtime/native/btf.cc",
        "runtime/native/btf_select.cc",
        "runtime/native/demangle.cc",
        "runtime/native/descriptor.cc",
        "runtime/native/detach_probes.cc",
        "runtime/native/elf.cc",
        "runtime/native/elf_symbols.cc",
        "runtime/native/end_children.cc",
        "runtime/native/file.cc",
        "runtime/native/handles.cc",
        "runtime/native/helper_process.cc",
        "runtime/native/iterator.cc",
        "runtime/native/link.cc",
        "runtime/native/live.cc",
        "runtime/native/log.cc",
        "runtime/native/map.cc",
        "runtime/native/map_batch.cc",
        "runtime/native/mapped_code.cc",
        "runtime/native/multi_link.cc",
        "runtime/native/netlink.cc",
        "runtime/native/network.cc",
        "runtime/native/object.cc",
        "runtime/native/output.cc",
        "runtime/native/poller.cc",
        "runtime/native/probe.cc",
        "runtime/native/process.cc",
        "runtime/native/ring.cc",
        "runtime/native/signals.cc",
        "runtime/native/struct_ops.cc",
        "runtime/native/unpack.cc",
        "runtime/native/user_ring.cc",
        "runtime/native/watchdog.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags": ["-Wall", "-Wextra", "-Wno-missing-field-initializers", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++14", "-std=gnu++17", "-std=c++17"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fvisibility-inlines-hidden"],
      "conditions": [
        ["bpfts_static==1", {
          "defines": ["BPFTS_HAVE_LIBIBERTY", "BPFTS_HAVE_LZMA"],
          "libraries": ["-Wl,-Bstatic", "-lbpf", "-lz", "-llzma", "-liberty", "-Wl,-Bdynamic", "-lelf"],
          "ldflags": ["-Wl,--exclude-libs,ALL", "-static-libstdc++", "-static-libgcc"]
        }, {
          "cflags": ["<!@(pkg-config --cflags libbpf libelf zlib)"],
          "libraries": ["<!@(pkg-config --libs libbpf libelf zlib)"],
          "conditions": [
            ["bpfts_libiberty==1", {
              "defines": ["BPFTS_HAVE_LIBIBERTY"],
              "libraries": ["-liberty"],
              "ldflags": ["-Wl,--exclude-libs,ALL"]
            }],
            ["bpfts_lzma==1", {
              "defines": ["BPFTS_HAVE_LZMA"],
              "libraries": ["<!@(pkg-config --libs liblzma)"]
            }]
          ]
        }],
        ["bpfts_sanitize==1", {
          "cflags": ["-fsanitize=address", "-fno-omit-frame-pointer", "-g", "-O1"],
          "ldflags": ["-fsanitize=address"]
        }]
      ]
    },
    {
      # Runs compilers without rights: a process of its own, since Node's other threads must keep theirs.
      "target_name": "bpfts-confine",
      "type": "executable",
      "sources": [
        "runtime/native/confine/child.cc",
        "runtime/native/confine/identity.cc",
        "runtime/native/confine/landlock.cc",
        "runtime/native/confine/main.cc",
        "runtime/native/confine/request.cc",
        "runtime/native/confine/system_calls.cc"
      ],
      "cflags": ["-Wall", "-Wextra", "-Wno-missing-field-initializers"],
      "cflags_cc!": ["-std=gnu++14", "-std=gnu++17", "-std=c++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions"],
      "conditions": [["bpfts_static==1", { "ldflags": ["-static-libstdc++", "-static-libgcc"] }]]
    }
  ]
}

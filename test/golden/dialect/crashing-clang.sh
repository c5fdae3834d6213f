#!/bin/sh
# Parses as clang does, and ends as a clang whose code generator crashes.
case " $* " in
*" -c "*)
  cat >/dev/null
  echo "4. Running pass 'BPF DAG->DAG Pattern Instruction Selection' on function '@kprobe__vfs_read'" >&2
  exit 139
  ;;
esac
exec clang "$@"

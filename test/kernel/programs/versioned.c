/* A library that keeps an older version of its function for programs that were linked long ago. Built with versioned.map. */
__attribute__((symver("in_library@SHOP_1"))) int in_library_before(int turn) { return -turn; }
__attribute__((symver("in_library@@SHOP_2"))) int in_library_now(int turn) { return turn; }

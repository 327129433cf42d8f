extern "C" int part_cpp(void) { return 2; }

// Fields of variable length, placed from the beginning of the event or from behind the field.
TRACEPOINT_PROBE(fixture, relative) {
	char first[16], second[16];
	_Static_assert(sizeof(struct tracepoint__fixture__relative) == 16, "the size of the event");
	TP_DATA_LOC_READ_CONST(first, first, sizeof(first));
	TP_DATA_LOC_READ_STR(second, second, sizeof(second));
	_Static_assert(_Generic(args->data_loc_second, unsigned int: 1, default: 0), "counts from behind itself");
	return first[0] + second[0];
}

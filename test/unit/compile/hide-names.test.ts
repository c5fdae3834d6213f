import { describe, expect, it } from "vitest";
import { hideNames } from "../../../runtime/compile/hide-names.ts";

const dump = `struct config {
	int all;
	config *config;
	void (*none)(int, config, struct config *);
	config (*config)(config);
	enum {
		all = 2,
		all_of = 3,
	} kind;
	config last[4];
};

typedef struct config_s config;

typedef struct {
	int none;
} code;

typedef config (*code_fn)(code, config *);

enum {
	none = -1,
};
`;

describe("hideNames", () => {
  it("frees the names of enumerators and typedefs, and leaves tags and members", () => {
    expect(hideNames(dump, ["all", "config", "code", "none"])).toBe(`struct config {
	int all;
	config___kernel *config;
	void (*none)(int, config___kernel, struct config *);
	config___kernel (*config)(config___kernel);
	enum {
		all___kernel = 2,
		all_of = 3,
	} kind;
	config___kernel last[4];
};

typedef struct config_s config___kernel;

typedef struct {
	int none;
} code___kernel;

typedef config___kernel (*code_fn)(code___kernel, config___kernel *);

enum {
	none___kernel = -1,
};
`);
  });

  it("changes nothing for no names", () => {
    expect(hideNames(dump, [])).toBe(dump);
  });
});

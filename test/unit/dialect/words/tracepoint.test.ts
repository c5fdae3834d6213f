import { describe, expect, it } from "vitest";
import { renderTracepointStruct } from "../../../../runtime/dialect/words/tracepoint.ts";
import { fakeEnv, openatFormat } from "../fake-env.ts";

const header = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

`;
const render = (fields: string): string =>
  renderTracepointStruct("c", "e", header + fields, fakeEnv).replace(
    /^struct tracepoint__c__e \{ u64 __do_not_use__; | \} __attribute__.*$/g,
    "",
  );

describe("renderTracepointStruct", () => {
  it("widens integers to the size that the kernel gives them and fills holes", () => {
    expect(renderTracepointStruct("syscalls", "sys_enter_openat", openatFormat, fakeEnv)).toBe(
      "struct tracepoint__syscalls__sys_enter_openat { u64 __do_not_use__; int __syscall_nr; char __pad_0[4]; s32 dfd; char __pad_1[4]; const char * filename; s32 flags; char __pad_2[4]; u16 mode; char __pad_3[6]; } __attribute__((packed, aligned(8)));",
    );
  });

  it("gives arguments of system calls their own width and sign, in the place that they have", () => {
    const place = (name: string, offset: number): string => `	field:${name};	offset:${offset};	size:8;	signed:0;\n`;
    const fields = [place("pid_t pid", 16), place("off_t at", 24), place("const int n", 32), place("size_t count", 40)];
    expect(renderTracepointStruct("syscalls", "e", header + fields.join(""), fakeEnv)).toContain(
      "char __pad_0[8]; s32 pid; char __pad_1[4]; s64 at; s32 n; char __pad_2[4]; u64 count; }",
    );
  });

  it("names the location of data of variable length", () => {
    expect(render("	field:__data_loc char[] name;	offset:8;	size:4;	signed:0;\n")).toBe("int data_loc_name;");
  });

  it.each(["__rel_loc char[] name", "__rel_data_loc char[] name", "__rel_loc u8[] name"])(
    "tells the location that counts from behind itself: %s",
    (declaration) => {
      expect(render(`	field:${declaration};	offset:8;	size:4;	signed:0;\n`)).toBe("unsigned int data_loc_name;");
    },
  );

  it("resolves array sizes by the kernel's enumerators", () => {
    expect(render("	field:char comm[TASK_COMM_LEN];	offset:8;	size:16;	signed:0;\n")).toBe("char comm[16];");
  });

  it("takes the size where the type is none that C would know", () => {
    expect(
      render(
        "	field:xfs_ino_t ino;	offset:8;	size:8;	signed:0;\n	field:enum what w;	offset:16;	size:4;	signed:1;\n	field:struct odd o;	offset:20;	size:12;	signed:0;\n",
      ),
    ).toBe("u64 ino; s32 w; char o[12];");
  });

  it("pads a common area that is longer than eight bytes", () => {
    const long =
      "	field:int common_pid;	offset:4;	size:4;	signed:1;\n	field:int common_padding;	offset:8;	size:4;	signed:1;\n	field:int a;	offset:16;	size:4;	signed:1;\n";
    expect(renderTracepointStruct("c", "e", long, fakeEnv)).toContain("u64 __do_not_use__; char __pad_0[8]; int a;");
  });

  it("keeps pointers to structs and drops what it cannot read as one", () => {
    expect(
      render(
        "	field:struct mm_struct * mm;	offset:8;	size:8;	signed:0;\n	field:weird_t * w;	offset:16;	size:8;	signed:0;\n",
      ),
    ).toBe("struct mm_struct * mm; u64 w;");
  });
});

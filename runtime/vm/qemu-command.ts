import { guestPorts } from "./guest-scripts.ts";
import type { SharedFolder } from "./shared-folder.ts";

/** How instructions are run: by the processor, or by qemu's translator. */
export type Accelerator = "kvm" | "tcg";

/** What the machine is made of. */
export interface QemuSpec {
  /** A bzImage, or an ELF kernel with a PVH entry. */
  readonly kernelImage: string;
  readonly initramfs: string;
  readonly accelerator: Accelerator;
  readonly memoryMb: number;
  readonly cpus: number;
  /** Folders that the guest may write to. */
  readonly shares: readonly SharedFolder[];
  /** More words for the kernel's command line. */
  readonly append: readonly string[];
  /** Size of the overlay's tmpfs, as tmpfs takes it: "50%", "512m". */
  readonly scratch: string;
}

/** File descriptors of the child that carry the ports, and the kernel's console after them. */
export const portDescriptors = { stdin: 3, stdout: 4, stderr: 5, control: 6, console: 7, clang: 8 } as const;

/** The words of the kernel's command line, each with the reason that it is there. */
const kernelWords: readonly string[] = [
  "console=ttyS0",
  "quiet",
  // A panic ends the machine at once: with -no-reboot a reboot is the end.
  "panic=-1",
  "oops=panic",
  "reboot=t",
  "mitigations=off",
  // node and others wait for the kernel's random numbers; RDRAND is all that a guest has.
  "random.trust_cpu=on",
  "cryptomgr.notests",
  "i8042.noaux",
  "i8042.nokbd",
  "8250.nr_uarts=1",
  "audit=0",
  // Not among the distribution's defaults, and LSM programs need it.
  "lsm=landlock,lockdown,yama,integrity,apparmor,bpf",
];

/**
 * Under emulation all processors read one clock, which the kernel cannot know; four levels of page tables are less work than
 * five; and on a busy machine the timer is late for the kernel's test of it, which ends in a panic.
 */
const emulationWords: readonly string[] = ["tsc=reliable", "no5lvl", "no_timer_check"];

/** Renders qemu's arguments. The ports are descriptors that it inherits: nothing of a run has a name in the file system. */
export function renderQemuArguments(spec: QemuSpec): string[] {
  const args = [
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-display",
    "none",
    "-monitor",
    "none",
    "-nic",
    "none",
    "-machine",
    "pc,usb=off,hpet=off,vmport=off",
    ...(spec.accelerator === "kvm" ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,thread=multi", "-cpu", "max"]),
    "-smp",
    String(spec.cpus),
    "-m",
    `${spec.memoryMb}M`,
    "-kernel",
    spec.kernelImage,
    "-initrd",
    spec.initramfs,
    "-append",
    [
      ...kernelWords,
      ...(spec.accelerator === "tcg" ? emulationWords : []),
      `bpfts.scratch=${spec.scratch}`,
      ...spec.append,
    ].join(" "),
    "-chardev",
    `socket,id=console,fd=${portDescriptors.console}`,
    "-serial",
    "chardev:console",
    "-device",
    "virtio-serial-pci,max_ports=6",
  ];
  for (const [name, port] of Object.entries(guestPorts)) {
    const descriptor = portDescriptors[name as keyof typeof guestPorts];
    args.push(
      "-chardev",
      `socket,id=${name},fd=${descriptor}`,
      "-device",
      `virtserialport,chardev=${name},nr=${port},name=${name}`,
    );
  }
  args.push(...shareFolder("root", "/", "none,readonly=on"));
  spec.shares.forEach(({ path, hasOwnOwners }, at) =>
    args.push(...shareFolder(`share${at}`, path, hasOwnOwners ? "mapped-xattr" : "none")),
  );
  return args;
}

function shareFolder(tag: string, folder: string, security: string): string[] {
  const path = folder.replaceAll(",", ",,");
  return [
    "-fsdev",
    `local,id=${tag},path=${path},multidevs=remap,security_model=${security}`,
    "-device",
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
}

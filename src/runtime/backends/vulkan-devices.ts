/**
 * The system's GPUs in Vulkan's own order, which is no driver's and no number of nvidia-smi: each with its UUID, which for
 * NVIDIA's GPUs is the one that the driver tells. Offsets: Vulkan 1.1 specification, structures of a 64-bit system.
 */
import koffi from "koffi";
import type { VulkanDevice } from "./vulkan-order.ts";

const SUCCESS = 0;
const VERSION_1_1 = (1 << 22) | (1 << 12);
const APPLICATION_INFO = { type: 0, size: 48, apiVersion: 44 } as const;
const INSTANCE_INFO = { type: 1, size: 64, application: 24 } as const;
/** VkPhysicalDeviceProperties2: its name stands in the VkPhysicalDeviceProperties that begin at 16. */
const PROPERTIES = { type: 1_000_059_001, size: 840, name: 16 + 20, nameSize: 256 } as const;
const ID_PROPERTIES = { type: 1_000_071_004, size: 64, uuid: 16 } as const;
/** Of every structure. */
const NEXT = 8;
const POINTER = 8;
const MOST_DEVICES = 64;

/** Throws where there is no Vulkan, or none that can be asked. Loads the drivers of all GPUs into this process. */
export function listVulkanDevices(): VulkanDevice[] {
  const vulkan = koffi.load(process.platform === "win32" ? "vulkan-1.dll" : "libvulkan.so.1");
  const create = vulkan.func("vkCreateInstance", "int", ["void *", "void *", "void *"]);
  const destroy = vulkan.func("vkDestroyInstance", "void", ["uintptr_t", "void *"]);
  const enumerate = vulkan.func("vkEnumeratePhysicalDevices", "int", ["uintptr_t", "void *", "void *"]);
  const describe = vulkan.func("vkGetPhysicalDeviceProperties2", "void", ["uintptr_t", "void *"]);

  const application = structure(APPLICATION_INFO);
  application.writeUInt32LE(VERSION_1_1, APPLICATION_INFO.apiVersion);
  const info = structure(INSTANCE_INFO);
  info.writeBigUInt64LE(koffi.address(application), INSTANCE_INFO.application);
  const created = Buffer.alloc(POINTER);
  requireSuccess(create(info, null, created), "vkCreateInstance");
  const instance = created.readBigUInt64LE();
  try {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(MOST_DEVICES);
    const handles = Buffer.alloc(MOST_DEVICES * POINTER);
    requireSuccess(enumerate(instance, count, handles), "vkEnumeratePhysicalDevices");
    return Array.from({ length: count.readUInt32LE() }, (_, index) => {
      const ids = structure(ID_PROPERTIES);
      const properties = structure(PROPERTIES);
      properties.writeBigUInt64LE(koffi.address(ids), NEXT);
      describe(handles.readBigUInt64LE(index * POINTER), properties);
      const name = properties.toString("utf8", PROPERTIES.name, PROPERTIES.name + PROPERTIES.nameSize);
      return { index, name: name.split("\0", 1)[0] ?? "", uuid: uuidAt(ids, ID_PROPERTIES.uuid) };
    });
  } finally {
    destroy(instance, null);
  }
}

function structure({ type, size }: { readonly type: number; readonly size: number }): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(type);
  return bytes;
}

function uuidAt(bytes: Buffer, at: number): string {
  return bytes.toString("hex", at, at + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function requireSuccess(result: number, what: string): void {
  if (result !== SUCCESS) throw new Error(`${what} returned ${result}`);
}

/** One of the GPUs in Vulkan's own order, and which of them a device is. */
export interface VulkanDevice {
  /** What GGML_VK_VISIBLE_DEVICES calls it. */
  readonly index: number;
  readonly name: string;
  /** As in `GPU-<uuid>`. */
  readonly uuid: string;
}

/** Which of them the device is; null: none of them, or more than one. `id`: `GPU-<uuid>`. */
export function vulkanIndexOf(id: string, devices: readonly VulkanDevice[]): number | null {
  const uuid = /^GPU-(.+)$/.exec(id)?.[1]?.toLowerCase();
  const [found, another] = devices.filter((device) => device.uuid === uuid);
  return found !== undefined && another === undefined ? found.index : null;
}

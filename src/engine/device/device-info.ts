/** A device that can work: one NVIDIA GPU, one MIG slice of it, or the CPU where there is no GPU. */
export interface DeviceInfo {
  /** What CUDA_VISIBLE_DEVICES takes: GPU-<uuid> or MIG-<uuid>; `cpu` for the CPU. Stable over restarts. */
  readonly id: string;
  readonly kind: "gpu" | "cpu";
  /** The driver's index of the GPU; 0 for the CPU. */
  readonly index: number;
  readonly name: string;
  /** Of the GPU, or of the machine for the CPU; null: unknown. */
  readonly memoryTotalMb: number | null;
  readonly driverVersion: string | null;
  /** CUDA compute capability, such as "8.9". */
  readonly computeCap: string | null;
  /** The GPU whose sensors speak for this device: its own id, or a MIG slice's parent; null for the CPU. */
  readonly sensorId: string | null;
}

/** The runtime says that CUDA did not start; what was missing stands on its stderr and on the disk. */
import { AppError } from "../../shared/errors.ts";
import { describeSkipped } from "../../shared/runtime/backends.ts";
import type { RuntimeClass } from "../../shared/runtime/protocol.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { GpuSetup } from "../gpu-pack/gpu-setup.ts";
import type { RuntimeProcess } from "./runtime-process.ts";

export interface Start {
  readonly process: Pick<RuntimeProcess, "nativeWords">;
  readonly device: Pick<DeviceInfo, "driverVersion">;
  /** null: a device that needs none. */
  readonly setup: GpuSetup | null;
}

/** The class with the true reason why CUDA was stepped down from, and what to do about it. */
export async function explainSteps(runtimeClass: RuntimeClass, start: Start): Promise<RuntimeClass> {
  const { setup, process, device } = start;
  const { backend, reason, skipped } = runtimeClass;
  const later = setup?.missingLater;
  if (backend === "cuda")
    return reason && later ? { ...runtimeClass, reason: `${reason} (${later})` } : runtimeClass;
  const step = skipped.find((each) => each.backend === "cuda");
  if (step === undefined || setup === null) return runtimeClass;
  const stderr = await process.nativeWords();
  const diagnosis = setup.explain({ reason: step.reason, stderr, driverVersion: device.driverVersion });
  const explained = skipped.map((each) => (each === step ? { ...each, reason: diagnosis.reason } : each));
  return { ...runtimeClass, skipped: explained, reason: `${describeSkipped(explained)}. ${diagnosis.help}` };
}

/** The error with the true reason, where CUDA was wanted and nothing else. */
export async function explainFailure(thrown: unknown, start: Start): Promise<unknown> {
  const { setup, process, device } = start;
  if (!(thrown instanceof AppError && thrown.code === "CUDA_UNAVAILABLE") || setup === null) return thrown;
  const stderr = await process.nativeWords();
  const { driverVersion } = device;
  const { reason, help } = setup.explain({ reason: thrown.message, stderr, driverVersion });
  const message = reason === thrown.message ? reason : `CUDA can't be used: ${reason}`;
  return AppError.fromValue(thrown.toValue(), { message, help });
}

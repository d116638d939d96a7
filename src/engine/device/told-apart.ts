/**
 * Names by which a person tells devices apart: six GPUs of one model would be six equal rows. Only where a name repeats
 * it says which GPU of the machine it is, by the driver's index; slices of one GPU that are still alike say the beginning
 * of their id, as `nvidia-smi -L` shows it. Markets hear the model alone.
 */

interface Named {
  readonly id: string;
  readonly name: string;
  readonly gpu?: { readonly index: number } | undefined;
}

/** The kind of the id is the same for all. */
const SHORT_ID = /^(?:MIG|GPU)-(\w{8})/;

/** `model`: the name there was, where it is longer now. */
export function toldApart<D extends Named>(devices: readonly D[]): (D & { readonly model?: string })[] {
  const byIndex = namesOf(devices, ({ name, gpu }) => (gpu ? `${name} · GPU ${gpu.index}` : name));
  const byId = namesOf(byIndex, ({ name, id }) => `${name} · ${SHORT_ID.exec(id)?.[1] ?? id}`);
  return byId.map((device, at) => {
    const model = devices[at]?.name ?? device.name;
    return device.name === model ? device : { ...device, model };
  });
}

/** Those who share a name get the longer one. */
function namesOf<D extends Named>(devices: readonly D[], longer: (device: D) => string): D[] {
  const count = new Map<string, number>();
  for (const { name } of devices) count.set(name, (count.get(name) ?? 0) + 1);
  return devices.map((device) =>
    (count.get(device.name) ?? 0) > 1 ? { ...device, name: longer(device) } : device,
  );
}

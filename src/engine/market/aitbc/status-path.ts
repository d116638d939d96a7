/**
 * How a GPU's status at the gpu service gets from one word to another: a shortest path over the moves that were seen
 * to work (protocols/aitbc.md §1.5, §12.6). PUT refuses same-state moves, available → in_use, booked → offline and
 * everything from offline; registering the one GPU again makes it `available` from any state.
 *
 * A heartbeat also revives, but it touches every GPU of the miner, so it is no step of any path.
 */
export type GpuStatus = "available" | "booked" | "in_use" | "offline";

export type StatusStep =
  | { readonly kind: "put"; readonly status: GpuStatus }
  /** POST /v1/gpu/register with the same id. */
  | { readonly kind: "register-again" };

const BY_PUT: Readonly<Record<GpuStatus, readonly GpuStatus[]>> = {
  available: ["booked", "offline"],
  booked: ["in_use", "available"],
  in_use: ["available", "offline"],
  offline: [],
};

/** `online` is what a heartbeat makes of any status; the service takes it, and words it does not know, for available. */
export function statusOf(word: string): GpuStatus {
  return word === "booked" || word === "in_use" || word === "offline" ? word : "available";
}

/** The steps from `word`, as the service lists it, to `to`; none when it is there already. */
export function planStatus(word: string, to: GpuStatus): readonly StatusStep[] {
  const from = statusOf(word);
  const paths = new Map<GpuStatus, readonly StatusStep[]>([[from, []]]);
  for (const [at, path] of paths) {
    // A Map yields what is added while it is walked: this is the queue of a breadth-first search.
    if (at === to) return path;
    for (const { status, step } of movesFrom(at)) if (!paths.has(status)) paths.set(status, [...path, step]);
  }
  return paths.get(to) ?? [];
}

export function isLegalPut(from: GpuStatus, to: GpuStatus): boolean {
  return BY_PUT[from].includes(to);
}

function movesFrom(at: GpuStatus): { status: GpuStatus; step: StatusStep }[] {
  const puts = BY_PUT[at].map((status) => ({ status, step: { kind: "put", status } as const }));
  return [...puts, { status: "available", step: { kind: "register-again" } }];
}

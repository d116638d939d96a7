/**
 * Whether this data folder is on the machine it was made on. A folder that was moved goes on under its names; one that
 * was copied would make two workers of one name, whose jobs the market mixes up. Which of the two it is only a person
 * knows: until it is said, no market hears of this machine.
 */
import type { EngineConfig } from "../../shared/config.ts";
import type { MoveAnswer } from "../../shared/contract/machine.ts";
import { AppError } from "../../shared/errors.ts";
import {
  type Installation,
  markOf,
  newIds,
  openInstallation,
  readInstallation,
  saveInstallation,
} from "./installation.ts";
import { readMachineId } from "./machine-id.ts";

export class Residence {
  readonly #dataFolder: string;
  readonly #machineId: string | null;
  readonly #isElsewhere: boolean;

  private constructor(dataFolder: string, machineId: string | null, isElsewhere: boolean) {
    this.#dataFolder = dataFolder;
    this.#machineId = machineId;
    this.#isElsewhere = isElsewhere;
  }

  /** `ask`: how the machine's id is read. Throws DATA_FILE_DAMAGED, DATA_FOLDER_…. */
  static async open(
    { dataFolder, otherMachine }: Pick<EngineConfig, "dataFolder" | "otherMachine">,
    ask: () => Promise<string | null> = readMachineId,
  ): Promise<Residence> {
    // Absent: the names it has at the markets are given to it, or mean nothing.
    if (otherMachine === undefined) return new Residence(dataFolder, null, false);
    const machineId = await ask();
    const installation = openInstallation(dataFolder);
    const isHome = machineId === null || isOf(installation, machineId);
    // One of a version that left no mark is taken for at home, unless somebody says otherwise.
    const isUnmarked = installation.machine === undefined;
    const answer = isUnmarked && otherMachine === "ask" ? "moved" : otherMachine;
    if (!isHome && answer !== "ask") settle(dataFolder, answer, machineId);
    return new Residence(dataFolder, machineId, !isHome && answer === "ask");
  }

  /** Nothing may be said to a market. */
  get isAsked(): boolean {
    return this.#isElsewhere;
  }

  /** What a person is told while it is asked; null: all is well. */
  get problem(): AppError | null {
    return this.#isElsewhere ? otherMachine(this.#dataFolder) : null;
  }

  /** The name made for this folder, which was copied and whose ledger may still be the other machine's; null: it was not. */
  get nameOfCopy(): string | null {
    const installation = readInstallation(this.#dataFolder);
    return installation?.isCopy ? installation.workerId : null;
  }

  /** Counts from the next start. Throws SAME_MACHINE. */
  answer(answer: MoveAnswer): void {
    if (!this.#isElsewhere || this.#machineId === null) throw sameMachine(this.#dataFolder);
    settle(this.#dataFolder, answer, this.#machineId);
  }

  /** Resolves when a market may hear of this machine: at once or, while it is asked, never; rejects with the signal's reason. */
  whenSettled(signal: AbortSignal): Promise<void> {
    if (!this.#isElsewhere) return Promise.resolve();
    return new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/**
 * The residence, and the configuration with the names it has now. Whoever read the configuration may have done so before
 * those of a copy were made, and give it to start after start: only names that were given stand.
 */
export async function moveIn(
  config: EngineConfig,
  ask?: () => Promise<string | null>,
): Promise<{ residence: Residence; config: EngineConfig }> {
  if (config.otherMachine === undefined) return { residence: await Residence.open(config), config };
  const residence = await Residence.open(config, ask);
  const { minerId, workerId } = openInstallation(config.dataFolder);
  const { namedAt = [] } = config;
  const { aitbc, aicf } = config.markets;
  const markets = {
    aitbc: aitbc === null || namedAt.includes("aitbc") ? aitbc : { ...aitbc, minerId },
    aicf: aicf === null || namedAt.includes("aicf") ? aicf : { ...aicf, workerId },
  };
  return { residence, config: { ...config, markets } };
}

/** Said of a folder that no engine has, also of one that nobody has asked about yet. Throws SAME_MACHINE, DATA_FILE_DAMAGED. */
export async function settleFolder(
  dataFolder: string,
  answer: MoveAnswer,
  ask: () => Promise<string | null> = readMachineId,
): Promise<void> {
  const machineId = await ask();
  if (machineId === null || isOf(openInstallation(dataFolder), machineId)) throw sameMachine(dataFolder);
  settle(dataFolder, answer, machineId);
}

/** Written for the next start, by whoever has the folder. */
function settle(dataFolder: string, answer: MoveAnswer, machineId: string): void {
  const before = openInstallation(dataFolder);
  const machine = markOf(machineId);
  saveInstallation(
    dataFolder,
    answer === "moved" ? { ...before, machine } : { ...newIds(), machine, isCopy: true },
  );
}

function isOf({ machine }: Installation, machineId: string): boolean {
  return machine !== undefined && markOf(machineId, machine.salt).sha256 === machine.sha256;
}

function sameMachine(dataFolder: string): AppError {
  return new AppError({
    code: "SAME_MACHINE",
    message: `The data folder ${dataFolder} is on its own machine: there is nothing to answer`,
    actor: "user",
  });
}

function otherMachine(dataFolder: string): AppError {
  return new AppError({
    code: "OTHER_MACHINE",
    message: `The data folder ${dataFolder} comes from another machine`,
    actor: "user",
    help: "Say whether it was moved here (`bellows machine moved`: it goes on under its names) or copied and still runs there (`bellows machine copied`: it gets names of its own).",
  });
}

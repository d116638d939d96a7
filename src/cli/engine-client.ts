/** The CLI's way to a running engine: its control file, then its control API. */
import path from "node:path";
import { z } from "zod";
import { type Environment, type Flags, readSettings } from "../engine/config/from-environment.ts";
import type { AppPaths } from "../engine/config/paths.ts";
import { isEngineThere } from "../engine/control/ask-engine.ts";
import { type ControlFile, readControlFile } from "../engine/control/control-file.ts";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type CommandOutput,
} from "../shared/contract/contract.ts";
import { MINUTE, SECOND } from "../shared/durations.ts";
import { AppError, type ErrorCode, ErrorValueSchema } from "../shared/errors.ts";
import { installedDataFolder, isClosed } from "./service/installed.ts";

const ANSWER_WITHIN_MS = 30 * SECOND;
/** These read files of many gigabytes before they answer. */
const READING_WITHIN_MS = 30 * MINUTE;
const READS_FILES: ReadonlySet<string> = new Set([
  "selftest.run",
  "models.download",
  "models.verify",
  "models.setAllowed",
]);

const LinkSchema = z.object({ dashboardUrl: z.string() });

export interface EngineClient {
  readonly pid: number;
  readonly url: string;
  invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>>;
  /** A new address that opens the dashboard once. */
  newDashboardUrl(): Promise<string>;
}

export interface Where {
  readonly env: Environment;
  readonly flags: Flags;
  readonly paths: AppPaths;
}

/**
 * The engine of this data folder, the live one before the demo; where nobody named a folder, else that of the machine's
 * service. Throws ENGINE_NOT_RUNNING (exit code 3).
 */
export async function findEngine(
  where: Where,
  service: string | null = installedDataFolder({ platform: process.platform, env: where.env }),
): Promise<EngineClient> {
  const roots = rootsOf(where, service);
  for (const folder of roots.flatMap(engineFolders)) {
    const client = await connectTo(folder);
    if (client !== null) return client;
  }
  const message = "No engine of yours is running";
  throw (
    closedServiceAmong(roots, { code: "ENGINE_NOT_RUNNING", message }) ??
    new AppError({
      code: "ENGINE_NOT_RUNNING",
      message: `No engine is running with the data folder ${roots.join(" or ")}`,
      actor: "user",
      help: "Start it with `bellows serve`, or try `bellows demo`; for another data folder add --data.",
    })
  );
}

/** The data folders meant: the one that is named, else this user's and that of the machine's service. */
export function rootsOf(
  where: Where,
  service: string | null = installedDataFolder({ platform: process.platform, env: where.env }),
): [string, ...string[]] {
  const base = dataFolderOf(where);
  const isNamed = readSettings(where, ["dataFolder"]).dataFolder !== undefined;
  return isNamed || service === null || service === base ? [base] : [base, service];
}

/** What was not found may be in the service's folder, which this user can't look into; null: he can, or there is none. */
export function closedServiceAmong(
  [base, ...others]: readonly [string, ...string[]],
  { code, message }: { code: ErrorCode; message: string },
): AppError | null {
  const service = others.find(isClosed);
  if (service === undefined) return null;
  const [who, how] =
    process.platform === "win32"
      ? ["administrators", "an administrator"]
      : ["root", "root: the same command with sudo"];
  return new AppError({
    code,
    message: `${message} (data folder ${base}), and only ${who} may look into ${service}, the service's`,
    actor: "user",
    help: `Ask the service as ${how}. For another data folder add --data.`,
  });
}

/** Every engine of this data folder: what they share concerns the demo's as well. */
export async function runningEngines(where: Where): Promise<EngineClient[]> {
  const clients = await Promise.all(engineFolders(dataFolderOf(where)).map(connectTo));
  return clients.filter((client) => client !== null);
}

/** Where an engine may keep its control file, the one to ask first at the front. */
export function engineFolders(root: string): string[] {
  return [path.join(root, "live"), path.join(root, "demo"), root];
}

/** The engine whose control file is in exactly this folder; null when there is none or it does not answer. */
export async function connectTo(dataFolder: string): Promise<EngineClient | null> {
  const control = readControlFile(dataFolder);
  return control !== null && (await isEngineThere(control)) ? clientOf(control) : null;
}

export function dataFolderOf(where: Where): string {
  return readSettings(where, ["dataFolder"]).dataFolder ?? where.paths.defaultDataFolder;
}

function clientOf(control: ControlFile): EngineClient {
  const post = async (path: string, body: unknown, withinMs = ANSWER_WITHIN_MS): Promise<unknown> => {
    const response = await request(`${control.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${control.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    throw AppError.fromValue(ErrorValueSchema.parse(answer));
  };
  return {
    pid: control.pid,
    url: control.url,
    async invoke<C extends CommandName>(command: C, input: CommandInput<C>) {
      const withinMs = READS_FILES.has(command) ? READING_WITHIN_MS : ANSWER_WITHIN_MS;
      const answer = await post(`/api/command/${command}`, input, withinMs);
      return COMMANDS[command].output.parse(answer) as CommandOutput<C>;
    },
    async newDashboardUrl() {
      return LinkSchema.parse(await post("/api/dashboard-link", {})).dashboardUrl;
    },
  };
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new AppError({
      code: "ENGINE_SILENT",
      message: `The engine at ${new URL(url).host} does not answer`,
      actor: "machine",
      help: "Try again; if it stays silent, start it anew.",
      retryable: true,
      cause,
    });
  }
}

/** Two engines with one ledger would spoil it: say which one is there already. */
export async function refuseSecondEngine(dataFolder: string): Promise<void> {
  const running = await connectTo(dataFolder);
  if (running === null) return;
  throw new AppError({
    code: "ALREADY_RUNNING",
    message: `Bellows already runs with the data folder ${dataFolder} (pid ${running.pid}, ${running.url})`,
    actor: "user",
    help: "Open it with `bellows dashboard`, or choose another folder with --data.",
  });
}

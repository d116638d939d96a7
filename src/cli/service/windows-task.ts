/**
 * Bellows at the start of Windows: a scheduled task, because a program that is no Windows service itself can't be
 * registered as one without a helper executable, and those are what antivirus programs delete.
 */
import type { ServicePlan } from "./plan.ts";

export const TASK = "Bellows";
/** LOCAL SERVICE, by its well-known id: its name is translated. */
const LOCAL_SERVICE = "S-1-5-19";
const DATA_ACCESS = [`*${LOCAL_SERVICE}:(OI)(CI)M`, "*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F"];

export interface WindowsInstall {
  /** What starts the command line: an absolute program and the arguments before the command's own. */
  readonly program: readonly [string, ...string[]];
  readonly dataFolder: string;
  /** Absolute; null: the one in the data folder, if there is one. */
  readonly configFile: string | null;
  /** What provider.env begins as. */
  readonly example: string;
  /** Where the task's definition is written, to be read by schtasks. */
  readonly definitionFile: string;
  readonly startNow: boolean;
}

export function windowsInstall(install: WindowsInstall): ServicePlan {
  const { definitionFile, dataFolder, startNow, example } = install;
  const run = (...command: [string, ...string[]]) => ({ command, needed: true });
  return {
    before: [],
    remove: [],
    // schtasks reads UTF-16 with a byte order mark, whatever the declaration says.
    files: [
      { path: definitionFile, text: `\ufeff${taskXml(install)}`, mode: 0o600, keep: false },
      { path: settingsFile(dataFolder), text: example.replaceAll("\n", "\r\n"), mode: 0o600, keep: true },
    ],
    after: [
      // Keys lie there: the service's account, the system and administrators, and nobody else.
      run("icacls", dataFolder, "/inheritance:r", "/grant:r", ...DATA_ACCESS),
      run("schtasks", "/Create", "/TN", TASK, "/XML", definitionFile, "/F"),
      ...(startNow ? [run("schtasks", "/Run", "/TN", TASK)] : []),
    ],
    next: [
      ...(startNow
        ? []
        : [`Fill in ${settingsFile(dataFolder)} as an administrator, then: schtasks /Run /TN ${TASK}`]),
      `Settings that may change while it runs: ${install.configFile ?? `${dataFolder}\\bellows.toml`} (bellows config schema lists them)`,
    ],
  };
}

export function windowsUninstall(dataFolder: string): ServicePlan {
  return {
    before: [{ command: ["schtasks", "/End", "/TN", TASK], needed: false }],
    remove: [],
    files: [],
    after: [{ command: ["schtasks", "/Delete", "/TN", TASK, "/F"], needed: true }],
    next: [`Ledger, keys and settings stay where they are: ${dataFolder}.`],
  };
}

export const windowsStatusCommand = (): [string, ...string[]] => [
  "schtasks",
  "/Query",
  "/TN",
  TASK,
  "/V",
  "/FO",
  "LIST",
];

/** SCHED_S_TASK_RUNNING, which stands as the last result while a task runs; the words beside it are translated. */
const RUNNING = "267009";

/** Of the answer to the status command. */
export const isTaskRunning = (stdout: string): boolean => new RegExp(`\\b${RUNNING}\\b`).test(stdout);

/** A task has no environment of its own: the engine reads it from here, where nobody else can. */
const settingsFile = (dataFolder: string) => `${dataFolder}\\provider.env`;

/** docs: Task Scheduler schema 1.2. Element order is part of it. */
export function taskXml({ program, dataFolder, configFile }: WindowsInstall): string {
  const config = configFile === null ? [] : ["--config", configFile];
  const [command, ...args] = program;
  const own = ["serve", "--environment", settingsFile(dataFolder), "--data", dataFolder, ...config];
  const words = [...args, ...own].map((word) => `"${word}"`).join(" ");
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Bellows AI compute provider</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>
      <Enabled>true</Enabled>
      <Delay>PT30S</Delay>
    </BootTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${LOCAL_SERVICE}</UserId>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${xml(command)}</Command>
      <Arguments>${xml(words)}</Arguments>
      <WorkingDirectory>${xml(dataFolder)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

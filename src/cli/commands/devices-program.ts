/** The names, options and help of `bellows devices …`. */
import { type Command, Option } from "commander";
import { duration } from "../../engine/config/parsers.ts";
import type { PauseLength } from "../../shared/contract/devices.ts";
import { DAY, MINUTE } from "../../shared/durations.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { lazy } from "../lazy.ts";
import { readFlag, usageError } from "../usage.ts";

const { devices, limitDevice, pauseDevice, redetectDevices, resumeDevice, switchDevice } = lazy(
  () => import("./devices.ts"),
);

type Options = Readonly<Record<string, unknown>>;
type WithEngine = (act: (engine: EngineClient) => Promise<void>) => Promise<void>;

const WHICH = "<device>: its id, the beginning of that, its number, or all";

/** Made by the program's own `command`, so that it inherits how the program ends and what it prints. */
export function addDevices(program: Command, context: CliContext, withEngine: WithEngine): void {
  const json = () => new Option("--json", "Print one line of JSON");
  const asksJson = (command: Command) => ({ json: command.optsWithGlobals().json === true });
  const list = (_options: Options, command: Command) =>
    withEngine((engine) => devices(context, engine, asksJson(command)));
  const group = program
    .command("devices")
    .description("What runs jobs, how, and why not faster; and when it leaves the machine to you")
    .addOption(json())
    .action(list);
  group.command("list").description("The same").addOption(json()).action(list);
  for (const [name, enabled, means] of [
    ["enable", true, "Let a device work again"],
    ["disable", false, "Switch a device off: it takes no work until it is enabled"],
  ] as const) {
    group
      .command(`${name} <device>`)
      .description(`${means}. ${WHICH}`)
      .addOption(json())
      .action((device: string, _options: Options, command: Command) =>
        withEngine((engine) => switchDevice(context, engine, device, enabled, asksJson(command))),
      );
  }
  group
    .command("pause <device>")
    .description(`Free a device for a while. ${WHICH}`)
    .option(
      "--for <time>",
      "Such as 90m or 2h; restart: until the computer restarts; resumed: until `bellows devices resume`",
      "1h",
    )
    .addOption(json())
    .action((device: string, options: Options, command: Command) =>
      withEngine((engine) =>
        pauseDevice(context, engine, device, readLength(String(options.for)), asksJson(command)),
      ),
    );
  group
    .command("resume <device>")
    .description("End your pause of a device")
    .addOption(json())
    .action((device: string, _options: Options, command: Command) =>
      withEngine((engine) => resumeDevice(context, engine, device, asksJson(command))),
    );
  group
    .command("limit <device> <celsius>")
    .description("Let a device rest when it is as hot as this; none: as the settings say")
    .addOption(json())
    .action((device: string, celsius: string, _options: Options, command: Command) =>
      withEngine((engine) => limitDevice(context, engine, device, readLimit(celsius), asksJson(command))),
    );
  group
    .command("redetect")
    .description("Look for GPUs again, as after sleep or a new driver")
    .addOption(json())
    .action((_options: Options, command: Command) =>
      withEngine((engine) => redetectDevices(context, engine, asksJson(command))),
    );
}

function readLength(text: string): PauseLength {
  if (text === "restart") return "restart";
  if (text === "resumed" || text === "until-resumed") return "until-resumed";
  return readFlag("--for", text, duration(MINUTE, 30 * DAY));
}

function readLimit(text: string): number | null {
  if (text === "none") return null;
  const degrees = Number(text);
  if (!Number.isInteger(degrees))
    throw usageError(`"${text}" is no temperature`, "Write whole degrees Celsius, or none");
  return degrees;
}

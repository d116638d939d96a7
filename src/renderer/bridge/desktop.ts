/** The bridge inside Electron: the preload carries, this side validates what enters the page. */
import { z } from "zod";
import {
  APP_COMMANDS,
  APP_EVENTS,
  type AppCommandInput,
  type AppCommandName,
  type AppCommandOutput,
} from "../../shared/contract/app.ts";
import { EngineStatusSchema, type PreloadBridge } from "../../shared/contract/bridge.ts";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  EVENTS,
} from "../../shared/contract/contract.ts";
import { AppError } from "../../shared/errors.ts";
import type { AppBridge, Bridge } from "./bridge.ts";

export function createDesktopBridge(preload: PreloadBridge): Bridge {
  return {
    kind: "desktop",
    version: preload.version,
    app: createAppBridge(preload.app),
    async invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>> {
      const outcome = await preload.invoke(command, input);
      if (!outcome.ok) throw AppError.fromValue(outcome.error);
      const output = COMMANDS[command].output.safeParse(outcome.output);
      if (output.success) return output.data as CommandOutput<C>;
      throw new AppError({
        code: "BAD_OUTPUT",
        message: `${command}: ${z.prettifyError(output.error)}`,
        actor: "bug",
      });
    },
    on(event, listener) {
      return preload.on(event, (payload) => {
        const parsed = EVENTS[event].safeParse(payload);
        if (parsed.success) listener(parsed.data);
      });
    },
    onStatus(listener) {
      return preload.onEngineStatus((status) => {
        const parsed = EngineStatusSchema.safeParse(status);
        if (parsed.success) listener(parsed.data);
      });
    },
  };
}

function createAppBridge(preload: PreloadBridge["app"]): AppBridge {
  return {
    async invoke<C extends AppCommandName>(
      command: C,
      input: AppCommandInput<C>,
    ): Promise<AppCommandOutput<C>> {
      const outcome = await preload.invoke(command, input);
      if (!outcome.ok) throw AppError.fromValue(outcome.error);
      const output = APP_COMMANDS[command].output.safeParse(outcome.output);
      if (output.success) return output.data as AppCommandOutput<C>;
      throw new AppError({
        code: "BAD_OUTPUT",
        message: `${command}: ${z.prettifyError(output.error)}`,
        actor: "bug",
      });
    },
    on(event, listener) {
      return preload.on(event, (payload) => {
        const parsed = APP_EVENTS[event].safeParse(payload);
        if (parsed.success) listener(parsed.data as typeof payload);
      });
    },
  };
}

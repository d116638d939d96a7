/** `bellows dashboard`: an address that opens the dashboard of the running engine, once. */
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";

export async function dashboard(
  context: CliContext,
  engine: EngineClient,
  options: { json: boolean },
): Promise<void> {
  const dashboardUrl = await engine.newDashboardUrl();
  if (options.json) return context.terminal.json({ dashboardUrl });
  context.terminal.print(dashboardUrl);
  context.terminal.note("It works once, in one browser; run this again for another.");
}

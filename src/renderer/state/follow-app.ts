/** Keeps the store's view of the desktop app true, and goes where a notice or a link of the system points. */
import type { AppCommandInput, AppViewCommand } from "../../shared/contract/app.ts";
import type { AppBridge, Bridge } from "../bridge/bridge.ts";
import type { PageStore } from "./store.ts";

export function followApp({ app }: Pick<Bridge, "app">, store: PageStore): void {
  if (app === null) return;
  app.on("app.changed", (view) => store.setState({ app: view }));
  app.on("app.show", ({ screen }) => {
    window.location.hash = `#/${screen}`;
  });
  // Where main does not answer, there is no window either for long.
  askApp(app, store, "app.get", {}).catch(() => undefined);
}

/** Has main carry something out. Main tells every change: one that came since it was asked is newer than its answer. */
export async function askApp<C extends AppViewCommand>(
  app: AppBridge,
  store: PageStore,
  command: C,
  input: AppCommandInput<C>,
): Promise<void> {
  const { app: before } = store.getState();
  const view = await app.invoke(command, input);
  if (store.getState().app === before) store.setState({ app: view });
}

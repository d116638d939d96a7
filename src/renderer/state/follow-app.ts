/** Keeps the store's view of the desktop app true, and goes where a notice or a link of the system points. */
import type { Bridge } from "../bridge/bridge.ts";
import type { PageStore } from "./store.ts";

export function followApp({ app }: Pick<Bridge, "app">, store: PageStore): void {
  if (app === null) return;
  let told = false;
  app.on("app.changed", (view) => {
    told = true;
    store.setState({ app: view });
  });
  app.on("app.show", ({ screen }) => {
    window.location.hash = `#/${screen}`;
  });
  app.invoke("app.get", {}).then(
    // A change that came before this answer is newer than it.
    (view) => told || store.setState({ app: view }),
    () => undefined, // Main does not answer: then there is no window either for long.
  );
}

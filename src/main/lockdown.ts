/** What no page of ours may ever do, whatever got into it: go elsewhere, open windows, ask for rights, use the network. */
import { app, session } from "electron";
import { APP_ORIGIN } from "./app-protocol.ts";

const NETWORK = ["http://*/*", "https://*/*", "ws://*/*", "wss://*/*", "ftp://*/*", "file://*/*"];

/** After `ready`, before the first window. */
export function lockDown(): void {
  const page = session.defaultSession;
  page.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  page.setPermissionCheckHandler(() => false);
  page.setDevicePermissionHandler(() => false);
  page.webRequest.onBeforeRequest({ urls: NETWORK }, (_request, answer) => answer({ cancel: true }));
  page.on("will-download", (event, item) => {
    // Only what the page made itself (a receipt to save); the person chooses the place.
    if (!item.getURL().startsWith(`blob:${APP_ORIGIN}/`)) event.preventDefault();
  });

  app.on("web-contents-created", (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
    contents.on("will-navigate", (event) => event.preventDefault());
    contents.on("will-frame-navigate", (event) => event.preventDefault());
    contents.on("will-redirect", (event) => event.preventDefault());
    contents.on("will-attach-webview", (event) => event.preventDefault());
  });
}

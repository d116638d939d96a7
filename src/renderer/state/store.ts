/** What the page knows: the engine's last state, whether it is still true, and the person's own choices. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { AppView } from "../../shared/contract/app.ts";
import type { State } from "../../shared/contract/views.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import type { Notice } from "../../shared/notifications/notice.ts";
import type { LinkStatus } from "../bridge/bridge.ts";

export interface PageState {
  readonly link: LinkStatus;
  /** null until the first snapshot. */
  readonly engine: State | null;
  /** When the engine was last heard, by this machine's clock; null before. */
  readonly heardAt: number | null;
  /** The shown data is no longer known to be true. */
  readonly stale: boolean;
  /** Now, by the engine's clock, moved once a second: all ages are counted from here. */
  readonly now: number;
  /** Why no snapshot can be had although the engine answers. */
  readonly snapshotError: ErrorValue | null;
  /** The desktop app around this page; null: there is none, or it has not told yet. */
  readonly app: AppView | null;
  /** What a person should hear of now, worst first. */
  readonly notices: readonly Notice[];
}

export const pageStore = createStore<PageState>(() => ({
  link: { state: "starting", since: Date.now() },
  engine: null,
  heardAt: null,
  stale: false,
  now: Date.now(),
  snapshotError: null,
  app: null,
  notices: [],
}));

export type PageStore = typeof pageStore;

export function usePage<T>(select: (state: PageState) => T): T {
  return useStore(pageStore, select);
}

/** Only below the gate that waits for the first snapshot (shell/app.tsx). */
export function useEngine<T>(select: (state: State) => T): T {
  return useStore(pageStore, (state) => {
    if (state.engine === null) throw new Error("The engine's state is read before its first snapshot");
    return select(state.engine);
  });
}

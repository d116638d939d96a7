import { createStore } from "zustand/vanilla";
import type { PageState } from "../../src/renderer/state/store.ts";

/** The store of a page that has heard of nothing yet. */
export const aPageStore = () =>
  createStore<PageState>(() => ({
    link: { state: "up", since: 0 },
    engine: null,
    heardAt: null,
    stale: false,
    now: 0,
    snapshotError: null,
    app: null,
    notices: [],
  }));

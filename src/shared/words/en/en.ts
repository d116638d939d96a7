import { nav } from "./nav.ts";

export const en = { nav } as const;

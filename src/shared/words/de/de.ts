import { nav } from "./nav.ts";

export const de = { nav } as const;

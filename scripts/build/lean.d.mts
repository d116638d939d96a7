export const httpAsAnObject: {
  readonly name: string;
  readonly enforce: "pre";
  resolveId(id: string): string | null;
  load(id: string): string | null;
};

export const inAscii: {
  readonly name: string;
  /** Changes the code of every chunk in place. */
  generateBundle(options: unknown, bundle: Record<string, { type: string; code?: string }>): void;
};

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

export const zodUncompiled: {
  readonly name: string;
  /** null: the module is left as it is. */
  transform(code: string, id: string): { code: string; map: null } | null;
};

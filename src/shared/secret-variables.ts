/** Environment variables that hold secrets: no process inherits them that is started from here, but the engine. */
export const SECRET_VARIABLES = [
  "BELLOWS_KEY_PASSPHRASE",
  "BELLOWS_NEW_KEY_PASSPHRASE",
  "BELLOWS_BACKUP_PASSPHRASE",
  "AITBC_API_KEY",
  "AITBC_COORDINATOR_KEY",
  "AITBC_WALLET_KEY",
  "PROVIDER_SECRET",
  // A collector's access token travels in these.
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
] as const;

/** What a child's environment changes of ours: undefined removes a name. */
export function withoutSecrets(): Record<string, undefined> {
  return Object.fromEntries(SECRET_VARIABLES.map((name) => [name, undefined]));
}

/** A whole environment for a child, of ours without the secrets. Windows' names have no case. */
export function plainEnvironment<T extends Readonly<Record<string, string | undefined>>>(env: T): T {
  const secrets: readonly string[] = SECRET_VARIABLES;
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !secrets.includes(name.toUpperCase())),
  ) as T;
}

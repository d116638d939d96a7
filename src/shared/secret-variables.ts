/** Environment variables that hold secrets: no runtime process, which runs other people's work, ever inherits them. */
export const SECRET_VARIABLES = [
  "BELLOWS_KEY_PASSPHRASE",
  "AITBC_API_KEY",
  "AITBC_COORDINATOR_KEY",
  "AITBC_WALLET_KEY",
  "PROVIDER_SECRET",
  // A collector's access token travels in these.
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
] as const;

/** For a child's environment: undefined removes a name. */
export function withoutSecrets(): Record<string, undefined> {
  return Object.fromEntries(SECRET_VARIABLES.map((name) => [name, undefined]));
}

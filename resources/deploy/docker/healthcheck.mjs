// Asks the engine of this container how it is: exit code 0 for good. `ready` asks whether it takes work, else whether it lives.
const port = process.env.BELLOWS_PORT ?? "7117";
const path = process.argv[2] === "ready" ? "readyz" : "healthz";

try {
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, { signal: AbortSignal.timeout(8_000) });
  const words = (await response.text()).trim();
  process.stdout.write(`${words.slice(0, 400)}\n`);
  process.exitCode = response.ok ? 0 : 1;
} catch (thrown) {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  process.stdout.write(`The engine does not answer on port ${port}: ${cause?.message ?? cause}\n`);
  process.exitCode = 1;
}

/** What a person types to open a machine's own dashboard. Its names come from elsewhere, so the shell must not obey them. */
import type { FleetMachine } from "../../shared/contract/fleet.ts";

/** As every engine has it unless told otherwise. */
const PORT = 7117;

export function wayToDashboard({
  readBy,
  where,
  host,
  pod,
  name,
}: Pick<FleetMachine, "readBy" | "where" | "host" | "pod" | "name">): string {
  if (readBy === "data") return `bellows dashboard --data ${quoted(where)}`;
  if (pod !== null) {
    const namespace = quoted(pod.namespace);
    return [
      `kubectl port-forward --namespace ${namespace} ${quoted(`pod/${pod.name}`)} ${PORT} &`,
      `kubectl exec --namespace ${namespace} ${quoted(pod.name)} -- bellows dashboard`,
    ].join("\n");
  }
  return `ssh -t -L ${PORT}:127.0.0.1:${PORT} -- ${quoted(host ?? name)} "bellows dashboard; exec sh"`;
}

/** For a shell, or for Windows where it is a path of Windows. */
function quoted(text: string): string {
  if (/^[\w./:@][\w./:@-]*$/.test(text)) return text;
  if (/^[A-Za-z]:\\[^"%\r\n]*$/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

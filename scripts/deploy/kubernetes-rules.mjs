// `node scripts/deploy/kubernetes-rules.mjs`: writes rules.yml again as the PrometheusRule that the monitoring component brings to a cluster.
import fs from "node:fs";
import { parse, stringify } from "yaml";
import { inRepo } from "../lib/paths.mjs";

const { groups } = parse(fs.readFileSync(inRepo("resources", "deploy", "prometheus", "rules.yml"), "utf8"));
const rule = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: { name: "bellows" },
  spec: { groups },
};
fs.writeFileSync(
  inRepo("resources", "deploy", "kubernetes", "components", "monitoring", "rules.yaml"),
  `# Made of ../../../prometheus/rules.yml by scripts/deploy/kubernetes-rules.mjs; change it there.\n${stringify(rule, { lineWidth: 0 })}`,
);

/** Everything known of a model, whether it may run, whether it stays, and checking or removing its files. */
import { useId, useState } from "react";
import type { ModelView } from "../../shared/contract/models.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { UNKNOWN } from "../format/reading.ts";
import { Age } from "../parts/age.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { Fact } from "../parts/fact.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import type { CommandRunner } from "../state/use-command.ts";

interface ModelDetailsProps {
  model: ModelView;
  command: CommandRunner;
}

export function ModelDetails({ model, command }: ModelDetailsProps) {
  const stale = usePage((page) => page.stale);
  const blocked = stale || command.pending !== null;
  const { id, allowed, pinned, heldBackBy } = model;
  return (
    <div className="model-details">
      <Facts model={model} />
      <div className="model-choices">
        <Choice
          label={t("models.runs")}
          help={t("models.runsHelp")}
          checked={allowed}
          disabled={blocked || heldBackBy === "list"}
          onChange={(to) => void command.run("models.setAllowed", { id, allowed: to })}
        />
        <Choice
          label={t("models.pin")}
          help={t("models.pinHelp")}
          checked={pinned}
          disabled={blocked}
          onChange={(to) => void command.run("models.setPinned", { id, pinned: to })}
        />
        <Files model={model} command={command} blocked={blocked} />
      </div>
    </div>
  );
}

function Facts({ model }: { model: ModelView }) {
  const { aliases, precision, sources, folder, ollama, ownBytes, lastUsedAt, licence, version } = model;
  return (
    <dl className="model-more">
      <Fact label={t("models.fact.aliases")}>{aliases.join(", ") || UNKNOWN}</Fact>
      <Fact label={t("models.fact.weights")}>
        {precision === version ? precision : `${precision} (${version})`}
      </Fact>
      <Fact label={t("models.fact.licence")}>{licence}</Fact>
      <Fact label={t("models.fact.source")}>
        {sources.map(({ kind, name }) => (
          <div key={name}>{sourceWords(kind, name)}</div>
        ))}
      </Fact>
      {ollama !== undefined && <Fact label={t("models.fact.inOllama")}>{ollama}</Fact>}
      <Fact label={t("models.fact.folder")}>
        {folder === null ? UNKNOWN : ownBytes > 0 ? folder : t("models.fact.readOnly", { folder })}
      </Fact>
      <Fact label={t("models.fact.used")}>
        {lastUsedAt === null ? t("models.fact.never") : <Age at={lastUsedAt} />}
      </Fact>
    </dl>
  );
}

function sourceWords(kind: ModelView["sources"][number]["kind"], name: string): string {
  return kind === "https" ? name : t(`models.fact.${kind}`, { name });
}

interface ChoiceProps {
  label: string;
  help: string;
  checked: boolean;
  disabled: boolean;
  onChange: (checked: boolean) => void;
}

function Choice({ label, help, checked, disabled, onChange }: ChoiceProps) {
  const name = useId();
  const words = useId();
  return (
    <div className="model-choice">
      <div>
        <div id={name}>{label}</div>
        <div id={words} className="quiet model-choice-help">
          {help}
        </div>
      </div>
      <Switch
        labelledBy={name}
        describedBy={words}
        checked={checked}
        disabled={disabled}
        onChange={onChange}
      />
    </div>
  );
}

function Files({ model, command, blocked }: ModelDetailsProps & { blocked: boolean }) {
  const bridge = useBridge();
  const [asking, setAsking] = useState(false);
  const [good, setGood] = useState(false);
  const { id, state, ownBytes } = model;
  const checkable = state === "present" || state === "corrupt";
  const removable = checkable && ownBytes > 0;
  if (!checkable) return null;
  const checking = command.pending === "models.verify";
  const verify = async () => {
    setGood(false);
    const done = await command.run("models.verify", { id });
    setGood(done?.model.state === "present");
  };
  return (
    <div className="model-files">
      <p className="quiet" role="status">
        {checking ? t("models.action.verifying") : good && state === "present" ? t("models.verified") : ""}
      </p>
      <button
        type="button"
        className="button"
        disabled={blocked}
        aria-busy={checking}
        onClick={() => void verify()}
      >
        {t("models.action.verify")}
      </button>
      {removable && (
        <button
          type="button"
          className="button button-danger"
          disabled={blocked}
          onClick={() => setAsking(true)}
        >
          {t("models.action.remove")}
        </button>
      )}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("models.removeAsk.title", { id })}
        words={t("models.removeAsk.words", { size: showBytes(ownBytes) })}
        confirm={t("models.removeAsk.yes")}
        destructive
        onConfirm={() => bridge.invoke("models.remove", { id })}
      />
    </div>
  );
}

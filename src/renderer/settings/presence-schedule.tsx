/** The hours of the week for work: any number of them, each with its days, and the whole week as a picture. */

import { Plus, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { PresenceWindow } from "../../shared/contract/presence.ts";
import { parseWindow, WindowTextError, windowText } from "../../shared/week-windows.ts";
import { t } from "../../shared/words/words.ts";
import { formatSoon } from "../format/time.ts";
import { TimeField } from "../parts/controls/time-field.tsx";
import { Note } from "../parts/note.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { Row } from "./row.tsx";
import { useListAhead } from "./use-list-ahead.ts";
import { useSetting } from "./use-setting.ts";

/** As the week is written here: Monday first. The number is the contract's, where 0 is Sunday. */
const WEEK = [
  ["mon", 1],
  ["tue", 2],
  ["wed", 3],
  ["thu", 4],
  ["fri", 5],
  ["sat", 6],
  ["sun", 0],
] as const;
const EVENING: PresenceWindow = { days: [1, 2, 3, 4, 5], from: "18:00", to: "08:00" };
const WEEKEND: PresenceWindow = { days: [0, 6], from: "00:00", to: "24:00" };
const DAY_MINUTES = 24 * 60;

/** New hours are a draft: half of them, saved, would end the work that goes on now. */
export function ScheduleRow() {
  const setting = useSetting("presence.schedule");
  const { list, save: saveTexts, error, pending } = useListAhead(setting);
  const [draft, setDraft] = useState<PresenceWindow | null>(null);
  const windows = list.flatMap(readWindow);
  const save = (next: readonly PresenceWindow[]) => saveTexts(next.map(windowText));
  const add = async (window: PresenceWindow) => {
    if (await save([...windows, window])) setDraft(null);
  };
  const change = (index: number, to: Partial<PresenceWindow>) =>
    save(windows.map((each, at) => (at === index ? { ...each, ...to } : each)));
  return (
    <Row
      label={t("gpus.presence.schedule")}
      help={t("gpus.presence.scheduleHelp")}
      setting={setting}
      error={error ?? setting.error}
      below={
        <div className="schedule">
          <OutsideNow />
          {windows.map((window, index) => (
            <WindowFields
              // Two may be alike: only their place tells them apart.
              // biome-ignore lint/suspicious/noArrayIndexKey: see above.
              key={index}
              window={window}
              disabled={setting.isFixed}
              onChange={(to) => void change(index, to)}
              onRemove={() => void save(windows.filter((_, at) => at !== index))}
            />
          ))}
          {draft !== null && (
            <Draft
              window={draft}
              disabled={setting.isFixed || pending}
              onChange={(to) => setDraft({ ...draft, ...to })}
              onSave={() => void add(draft)}
              onDiscard={() => setDraft(null)}
            />
          )}
          <Week windows={windows} />
        </div>
      }
    >
      {() => (
        <button
          type="button"
          className="button"
          disabled={setting.isFixed || windows.length >= 50 || draft !== null}
          onClick={() => setDraft(windows.length === 0 ? EVENING : WEEKEND)}
        >
          <Plus size={14} aria-hidden />
          {t("gpus.presence.scheduleAdd")}
        </button>
      )}
    </Row>
  );
}

interface DraftProps extends WindowFieldsProps {
  readonly onSave: () => void;
  readonly onDiscard: () => void;
}

function Draft({ onSave, onDiscard, ...fields }: DraftProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>(".schedule-day")?.focus(), []);
  return (
    <div className="schedule-draft" ref={box}>
      <WindowFields {...fields} />
      <p className="quiet">{t("gpus.presence.scheduleDraft")}</p>
      <div className="schedule-draft-verbs">
        <button type="button" className="button button-primary" disabled={fields.disabled} onClick={onSave}>
          {t("gpus.presence.scheduleSave")}
        </button>
        <button type="button" className="button" onClick={onDiscard}>
          {t("gpus.presence.scheduleDiscard")}
        </button>
      </div>
    </div>
  );
}

/** The hours let devices rest at this moment: said where they are changed. */
function OutsideNow() {
  const pause = useEngine(
    ({ devices }) => devices.find(({ paused }) => paused?.signals.includes("schedule"))?.paused ?? null,
  );
  const now = usePage((page) => (pause === null ? 0 : page.now));
  const until = pause?.by === "schedule" ? pause.until : null;
  if (pause === null) return null;
  return (
    <Note tone="warn" alert>
      {until === null
        ? t("gpus.presence.scheduleOutside")
        : t("gpus.presence.scheduleOutsideUntil", { time: formatSoon(until, now) })}
    </Note>
  );
}

interface WindowFieldsProps {
  readonly window: PresenceWindow;
  readonly disabled: boolean;
  readonly onChange: (to: Partial<PresenceWindow>) => void;
  /** Absent: it is none of the saved ones. */
  readonly onRemove?: () => void;
}

function WindowFields({ window, disabled, onChange, onRemove }: WindowFieldsProps) {
  const { days, from, to } = window;
  const words = windowWords(window);
  const toggle = (day: number) =>
    onChange({ days: days.includes(day) ? days.filter((each) => each !== day) : [...days, day] });
  // A clock's field knows no 24:00: the end of the day is the next one's begin.
  const shownTo = to === "24:00" ? "00:00" : to;
  return (
    <fieldset className="schedule-window" disabled={disabled}>
      <legend className="visually-hidden">{words}</legend>
      <div className="schedule-days">
        {WEEK.map(([name, day]) => (
          <button
            key={name}
            type="button"
            className="schedule-day"
            aria-pressed={days.includes(day)}
            // The last one stays: hours without a day are removed as a whole.
            disabled={days.length === 1 && days.includes(day)}
            onClick={() => toggle(day)}
          >
            {t(`gpus.presence.day.${name}`)}
          </button>
        ))}
      </div>
      <TimeField
        label={`${t("gpus.presence.scheduleFrom")}: ${words}`}
        value={from}
        disabled={disabled}
        onCommit={(value) => onChange({ from: value, to: endFor(value, to) })}
      />
      <span className="quiet" aria-hidden>
        –
      </span>
      <TimeField
        label={`${t("gpus.presence.scheduleTo")}: ${words}`}
        value={shownTo}
        disabled={disabled}
        onCommit={(value) => onChange({ to: endFor(from, value) })}
      />
      <span className="quiet schedule-night">
        {minutesOf(to) <= minutesOf(from) ? t("gpus.presence.scheduleOvernight") : ""}
      </span>
      {onRemove !== undefined && (
        <button
          type="button"
          className="icon-button"
          title={t("gpus.presence.scheduleRemove")}
          aria-label={`${t("gpus.presence.scheduleRemove")}: ${words}`}
          disabled={disabled}
          onClick={onRemove}
        >
          <Trash2 size={15} aria-hidden />
        </button>
      )}
    </fieldset>
  );
}

/** "Mon, Tue 18:00–08:00", in the language of the page. */
function windowWords({ days, from, to }: PresenceWindow): string {
  const names = WEEK.filter(([, day]) => days.includes(day)).map(([name]) => t(`gpus.presence.day.${name}`));
  return `${names.join(", ")} ${from}–${to}`;
}

/** Midnight as an end is the end of the day; an end that is the begin means the day round. */
function endFor(from: string, to: string): string {
  const end = to === "00:00" ? "24:00" : to;
  return end === from ? (from === "00:00" ? "24:00" : shifted(from)) : end;
}

/** A minute before, so that hours never end when they begin. */
function shifted(time: string): string {
  const minutes = (minutesOf(time) + DAY_MINUTES - 1) % DAY_MINUTES;
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** The words beside it say the same. */
function Week({ windows }: { windows: readonly PresenceWindow[] }) {
  const words = windows.length === 0 ? t("gpus.presence.scheduleAny") : windows.map(windowWords).join("; ");
  return (
    <div className="week" role="img" aria-label={`${t("gpus.presence.scheduleGrid")}: ${words}`}>
      <span />
      <span className="week-hours" aria-hidden>
        {[0, 6, 12, 18, 24].map((hour) => (
          <span key={hour}>{hour}</span>
        ))}
      </span>
      {WEEK.map(([name, day]) => (
        <div key={name} className="week-row" aria-hidden>
          <span className="week-day">{t(`gpus.presence.day.${name}`)}</span>
          <span className="week-line">
            {spansOf(windows, day).map(([begin, end]) => (
              <i
                key={`${begin}-${end}`}
                style={{
                  left: `${(begin / DAY_MINUTES) * 100}%`,
                  width: `${((end - begin) / DAY_MINUTES) * 100}%`,
                }}
              />
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}

/** What is open on one day, in minutes; without windows all of it, and a night's rest on the next day. */
export function spansOf(windows: readonly PresenceWindow[], day: number): [number, number][] {
  if (windows.length === 0) return [[0, DAY_MINUTES]];
  return windows.flatMap(({ days, from, to }) => {
    const [begin, end] = [minutesOf(from), minutesOf(to)];
    const own: [number, number][] = days.includes(day) ? [[begin, end > begin ? end : DAY_MINUTES]] : [];
    const before = (day + 6) % 7;
    const rest: [number, number][] = days.includes(before) && end <= begin && end > 0 ? [[0, end]] : [];
    return [...own, ...rest];
  });
}

function minutesOf(time: string): number {
  const [hours = "0", minutes = "0"] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

function readWindow(text: string): PresenceWindow[] {
  try {
    return [parseWindow(text)];
  } catch (thrown) {
    if (thrown instanceof WindowTextError) return []; // The engine checked it; a newer one may know more.
    throw thrown;
  }
}

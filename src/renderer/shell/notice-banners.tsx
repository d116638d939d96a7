/** Notices as banners: the two that matter most, the rest behind a line; each leads to its cause and can be put away. */
import { BellOff, CircleCheck, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { ErrorValue } from "../../shared/errors.ts";
import type { Notice } from "../../shared/notifications/notice.ts";
import { hear } from "../../shared/words/hear.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useListAhead } from "../settings/use-list-ahead.ts";
import { useApp, useNotices } from "../state/app-context.ts";
import { bannersAt, isNews } from "../state/page-notices.ts";
import { usePlace } from "../state/route.ts";
import { usePage } from "../state/store.ts";
import "./notice-banners.css";

const MUTED = "app.notifications_off";
/** More at once would push the screen out of sight; news without a hurry come one at a time. */
const AT_ONCE = { urgent: 2, others: 1 };

/** What stands there before somebody asks for all of it: worst first, as they come. */
export function shownAtOnce(notices: readonly Notice[]): readonly Notice[] {
  const urgent = notices.filter(({ severity }) => severity === "bad" || severity === "warn");
  return urgent.length > 0 ? urgent.slice(0, AT_ONCE.urgent) : notices.slice(0, AT_ONCE.others);
}

export function NoticeBanners() {
  const all = usePage((page) => page.notices);
  const [open, setOpen] = useState(false);
  const notices = bannersAt(usePlace(), all);
  const { mute, error } = useMute();
  if (notices.length === 0) return null;
  const first = shownAtOnce(notices);
  const hidden = notices.length - first.length;
  return (
    <section className="notices" aria-label={t("notifications.region")}>
      {(open ? notices : first).map((notice) => (
        <NoticeBanner key={notice.key} notice={notice} onMute={mute} />
      ))}
      {error !== null && <ErrorNote error={error} alert />}
      {hidden > 0 && (
        <button
          type="button"
          className="button button-plain notices-more"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? t("notifications.fewer") : t("notifications.more", { count: hidden })}
        </button>
      )}
    </section>
  );
}

/** Its kind is shown no more. */
type Mute = (notice: Notice) => void;

/** For all banners: two that are muted in a row are both kept. */
function useMute(): { readonly mute: Mute; readonly error: ErrorValue | null } {
  const notices = useNotices();
  const view = usePage(({ engine }) => engine?.settings.values[MUTED]);
  const { list, save, error } = useListAhead({ key: MUTED, view: view ?? { value: null } });
  const mute = async ({ type, key }: Notice) => {
    // A refusal leaves it there, with the reason.
    if (await save(list.includes(type) ? list : [...list, type])) notices.putAway(key);
  };
  return { mute: (notice) => void mute(notice), error };
}

interface BannerProps {
  readonly notice: Notice;
  readonly onMute: Mute;
}

function NoticeBanner({ notice, onMute }: BannerProps) {
  switch (notice.type) {
    case "safe-mode":
      return <SafeModeBanner notice={notice} />;
    case "start-at-login":
      return <LoginBanner notice={notice} />;
    default:
      return <PlainBanner notice={notice} onMute={onMute} />;
  }
}

function PlainBanner({ notice, onMute }: BannerProps) {
  const notices = useNotices();
  return (
    <Body
      notice={notice}
      actions={
        <>
          <ShowButton notice={notice} onShow={() => isNews(notice) && notices.putAway(notice.key)} />
          <button
            type="button"
            className="icon-button"
            aria-label={t("notifications.mute")}
            title={t("notifications.mute")}
            onClick={() => onMute(notice)}
          >
            <BellOff size={15} aria-hidden />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={t("notifications.dismiss")}
            title={t("notifications.dismiss")}
            onClick={() => notices.putAway(notice.key)}
          >
            <X size={15} aria-hidden />
          </button>
        </>
      }
    />
  );
}

/** Nothing else here takes work again, so it can't be put away. */
function SafeModeBanner({ notice }: { notice: Notice }) {
  const { run, pending, error } = useApp();
  const reports = usePage((page) => page.app?.crashReports.count ?? 0);
  return (
    <>
      <Body
        notice={notice}
        actions={
          <>
            {reports > 0 && (
              <button
                type="button"
                className="button button-plain"
                onClick={() => void run("app.openCrashReports", {})}
              >
                {t("notifications.safeMode.reports")}
              </button>
            )}
            <button
              type="button"
              className="button notice-button"
              disabled={pending !== null}
              aria-busy={pending === "app.leaveSafeMode"}
              onClick={() => void run("app.leaveSafeMode", {})}
            >
              {t("notifications.safeMode.leave")}
            </button>
          </>
        }
      />
      {error !== null && <ErrorNote error={error} alert />}
    </>
  );
}

function LoginBanner({ notice }: { notice: Notice }) {
  const { run, pending, error } = useApp();
  const answer = (enabled: boolean) => void run("app.setStartAtLogin", { enabled });
  return (
    <>
      <Body
        notice={notice}
        actions={
          <>
            <button
              type="button"
              className="button button-plain"
              disabled={pending !== null}
              onClick={() => answer(false)}
            >
              {t("notifications.startAtLogin.no")}
            </button>
            <button
              type="button"
              className="button notice-button"
              disabled={pending !== null}
              onClick={() => answer(true)}
            >
              {t("notifications.startAtLogin.yes")}
            </button>
          </>
        }
      />
      {error !== null && <ErrorNote error={error} alert />}
    </>
  );
}

function Body({ notice, actions }: { notice: Notice; actions: ReactNode }) {
  const { severity, title, titleSaid, text, textSaid } = notice;
  return (
    <Note
      tone={severity === "good" ? "info" : severity}
      {...(severity === "good" ? { icon: CircleCheck } : {})}
      help={hear(text, textSaid)}
      actions={actions}
    >
      <strong className="notice-title">{hear(title, titleSaid)}</strong>
    </Note>
  );
}

function ShowButton({ notice, onShow }: { notice: Notice; onShow: () => void }) {
  const screen = usePlace();
  if (screen === notice.screen) return null;
  return (
    <a className="button button-plain" href={`#/${notice.screen}`} onClick={onShow}>
      {t("notifications.show")}
    </a>
  );
}

/** Notices as banners: the two that matter most, the rest behind a line; each leads to its cause and can be put away. */
import { BellOff, CircleCheck, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Notice } from "../../shared/notifications/notice.ts";
import { hear } from "../../shared/words/hear.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useApp, useNotices } from "../state/app-context.ts";
import { useBridge } from "../state/bridge-context.ts";
import { bannersAt, isNews, mutedIn } from "../state/page-notices.ts";
import { usePlace } from "../state/route.ts";
import { pageStore, usePage } from "../state/store.ts";
import "./notice-banners.css";

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
  if (notices.length === 0) return null;
  const first = shownAtOnce(notices);
  const hidden = notices.length - first.length;
  return (
    <section className="notices" aria-label={t("notifications.region")}>
      {(open ? notices : first).map((notice) => (
        <NoticeBanner key={notice.key} notice={notice} />
      ))}
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

function NoticeBanner({ notice }: { notice: Notice }) {
  switch (notice.type) {
    case "safe-mode":
      return <SafeModeBanner notice={notice} />;
    case "start-at-login":
      return <LoginBanner notice={notice} />;
    default:
      return <PlainBanner notice={notice} />;
  }
}

function PlainBanner({ notice }: { notice: Notice }) {
  const notices = useNotices();
  const bridge = useBridge();
  const mute = () => {
    const off = [...mutedIn(pageStore.getState()), notice.type];
    // The engine's answer comes as a change of the settings, which takes the banner away.
    bridge.invoke("settings.set", { patch: { "app.notifications_off": off } }).catch(() => undefined);
    notices.putAway(notice.key);
  };
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
            onClick={mute}
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

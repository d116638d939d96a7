/** Where one can go, and underneath what everything stands on: engine, markets, version. */
import type { MarketView } from "../../shared/contract/views.ts";
import { SCREEN_NAMES, type ScreenName } from "../../shared/screens.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { coarse, formatDuration } from "../format/time.ts";
import { Flame } from "../parts/flame.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { type Place, screenHref } from "../state/route.ts";
import { usePage } from "../state/store.ts";
import { SCREEN_LOOKS } from "./screens.tsx";

export function Sidebar({ place }: { place: Place }) {
  return (
    <header className="sidebar">
      <div className="brand">
        <Flame size={22} />
        <span className="brand-name">Bellows</span>
      </div>
      <nav aria-label={t("nav.screens")}>
        <ul>
          {SCREEN_NAMES.map((name) => (
            <NavItem key={name} name={name} isHere={name === place} />
          ))}
        </ul>
      </nav>
      <Foot />
    </header>
  );
}

/** Where one is stands in the menu, whether it is usually listed or not. */
function NavItem({ name, isHere }: { name: ScreenName; isHere: boolean }) {
  const { icon: Icon, isListed } = SCREEN_LOOKS[name];
  const isShown = usePage(
    ({ engine }) => isHere || isListed === undefined || (engine !== null && isListed(engine)),
  );
  if (!isShown) return null;
  return (
    <li>
      <a className="nav-item" href={screenHref(name)} aria-current={isHere ? "page" : undefined}>
        <Icon size={16} strokeWidth={1.8} aria-hidden />
        <span>{t(`nav.${name}`)}</span>
        <NavBadge screen={name} />
      </a>
    </li>
  );
}

/** How many things there need a look; nothing while there are none. */
function NavBadge({ screen }: { screen: ScreenName }) {
  const { badge } = SCREEN_LOOKS[screen];
  const count = usePage(({ engine, stale }) => (engine === null || stale ? 0 : (badge?.(engine) ?? 0)));
  if (count === 0) return null;
  return (
    <span className="nav-badge tone-warn">
      <span aria-hidden>{count}</span>
      <span className="visually-hidden">{t("reliability.badge", { count })}</span>
    </span>
  );
}

function Foot() {
  const { version: appVersion } = useBridge();
  const engine = usePage((page) => page.engine?.engine ?? null);
  const markets = usePage((page) => page.engine?.markets ?? null);
  const stale = usePage((page) => page.stale);
  // In steps of whole seconds below a minute only, so the foot does not redraw every second for days.
  const uptime = usePage(({ now, engine: state }) =>
    state === null ? "" : uptimeWords(now - state.engine.startedAt),
  );
  const version = engine?.version ?? appVersion;
  return (
    <div className="foot">
      {engine !== null && <div>{stale ? t("nav.noAnswer") : t("nav.upFor", { time: uptime })}</div>}
      {markets?.map((market) => (
        <div key={market.id}>{marketWords(market, stale, engine?.intent === "stopped")}</div>
      ))}
      {version !== null && <div>v{version}</div>}
    </div>
  );
}

const uptimeWords = (ms: number): string => (ms < 60_000 ? coarse(ms) : formatDuration(ms));

function marketWords(market: MarketView, stale: boolean, stopped: boolean): string {
  const name = marketName(market.id);
  if (stale) return t("nav.market.unknown", { name });
  if (market.state === "registered")
    return t(stopped ? "nav.market.notInUse" : "nav.market.connected", { name });
  return t(`nav.market.${market.state}`, { name });
}

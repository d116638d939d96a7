/** A switch for each kind of notice; what is off is a list, so that a kind that comes later is on. */
import { NOTICE_TYPES } from "../../shared/notifications/notice-types.ts";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { Origin, Row } from "./row.tsx";
import { listValue, useSetting } from "./use-setting.ts";

export function NotificationsSection() {
  const setting = useSetting("app.notifications_off");
  const off = listValue(setting.view);
  return (
    <Card title={t("settings.sections.notifications")}>
      <p className="settings-help">
        {t("settings.notifications.help")} <Origin view={setting.view} />
      </p>
      <div className="setting-grid">
        {NOTICE_TYPES.map((type) => (
          <Row key={type} label={t(`notifications.types.${type}`)}>
            {(ids) => (
              <Switch
                labelledBy={ids.labelledBy}
                checked={!off.includes(type)}
                disabled={setting.isFixed}
                onChange={(on) => {
                  const next = on ? off.filter((name) => name !== type) : [...off, type];
                  setting.set(next.length === 0 ? null : next);
                }}
              />
            )}
          </Row>
        ))}
      </div>
    </Card>
  );
}

/** A switch for each kind of notice; what is off is a list, so that a kind that comes later is on. */
import { NOTICE_TYPES } from "../../shared/notifications/notice-types.ts";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { Origin, Row } from "./row.tsx";
import { useListAhead } from "./use-list-ahead.ts";
import { useSetting } from "./use-setting.ts";

export function NotificationsSection() {
  const setting = useSetting("app.notifications_off");
  const { list: off, save, error } = useListAhead(setting);
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
                onChange={(on) => void save(on ? off.filter((name) => name !== type) : [...off, type])}
              />
            )}
          </Row>
        ))}
      </div>
      {error !== null && <ErrorNote error={error} alert />}
    </Card>
  );
}

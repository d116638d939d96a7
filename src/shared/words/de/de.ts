import { activity } from "./activity.ts";
import { app } from "./app.ts";
import { controls } from "./controls.ts";
import { earnings } from "./earnings.ts";
import { engine } from "./engine.ts";
import { errors } from "./errors.ts";
import { fleet } from "./fleet.ts";
import { gpus } from "./gpus.ts";
import { home } from "./home.ts";
import { identity } from "./identity.ts";
import { jobs } from "./jobs.ts";
import { models } from "./models.ts";
import { nav } from "./nav.ts";
import { notifications } from "./notifications.ts";
import { offers } from "./offers.ts";
import { reliability } from "./reliability.ts";
import { remedies } from "./remedies.ts";
import { settings } from "./settings.ts";
import { shell } from "./shell.ts";
import { welcome } from "./welcome.ts";

export const de = {
  activity,
  app,
  controls,
  engine,
  errors,
  earnings,
  fleet,
  gpus,
  home,
  identity,
  jobs,
  models,
  nav,
  notifications,
  offers,
  reliability,
  remedies,
  settings,
  shell,
  welcome,
} as const;

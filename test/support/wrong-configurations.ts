/** Configurations that no engine may start with, and what is to be said of each: in this process, and by the command. */

/** Stands in them where people keep a secret: in no case is it said again. */
export const SECRET = "hunter2-and-more";

export type Expected = readonly [name: string, line: number | null, reason: RegExp, fix: RegExp];

/** What the file says (TOML), and what is said about it. */
export const WRONG_TOML: readonly (readonly [text: string, ...Expected])[] = [
  // No TOML at all.
  ["a = ", "", 1, /is no TOML/, /column/],
  ["[work\nbatch_size = 1", "", 1, /is no TOML/, /column/],
  ["[work]\nbatch_size = 1\nbatch_size = 2", "", 3, /is no TOML: trying to redefine/, /column/],
  ["[work]\nbatch_size 4", "", 2, /is no TOML/, /column/],
  ['[app]\ntheme = "dark', "", 2, /is no TOML/, /column/],
  ["[work]\nbatch_size = 08", "", 2, /is no TOML/, /column/],
  // Names that there are not.
  ["[wrok]\nbatch_size = 4", "wrok", 1, /no section/, /\[work\]/],
  ["[database]\nurl = 'x'", "database", 1, /no section/, /There are aicf, aitbc/],
  [
    "[work]\n\n# many\nmax_concurency = 4",
    "work.max_concurency",
    4,
    /no setting/,
    /max_concurrency under \[work\]/,
  ],
  ["batch_size = 4", "batch_size", 1, /no setting/, /work\.batch_size/],
  ["[aicf]\nbatch_size = 4", "aicf.batch_size", 2, /no setting/, /work\.batch_size/],
  ["[work]\nBATCH_SIZE = 4", "work.BATCH_SIZE", 2, /name of the environment/, /batch_size under \[work\]/],
  ['AITBC_REGION = "eu"', "AITBC_REGION", 1, /name of the environment/, /aitbc\.region/],
  [
    'BELLOWS_CONFIG = "x.toml"',
    "BELLOWS_CONFIG",
    1,
    /name of the environment/,
    /environment as BELLOWS_CONFIG/,
  ],
  ["[work.extra]\nx = 1", "work.extra", 1, /no setting/, /./],
  ["[presence]\nfullscreen = true", "presence.fullscreen", 2, /no setting/, /./],
  ["[Work]\nbatch_size = 4", "Work", 1, /no section/, /\[work\]/],
  ["zzzzzzzz = 1", "zzzzzzzz", 1, /no setting/, /config schema/],
  ["work = 4", "work", 1, /is a section/, /under \[work\]/],
  // The wrong kind of value.
  ['[work]\nbatch_size = "4"', "work.batch_size", 2, /text, not a number/, /quotation marks away/],
  ['[work]\nbatch_size = "four"', "work.batch_size", 2, /text, not a number/, /from 1 to 256/],
  ["[work]\nbatch_size = true", "work.batch_size", 2, /true or false, not a number/, /from 1 to 256/],
  ["[work]\nbatch_size = [4]", "work.batch_size", 2, /a list, not a number/, /from 1 to 256/],
  ["[work]\nbatch_size = 4.5", "work.batch_size", 2, /not a whole number/, /from 1 to 256/],
  ["[work]\nallow_unpaid = 1", "work.allow_unpaid", 2, /neither true nor false/, /true or false/],
  ['[work]\nallow_unpaid = "yes"', "work.allow_unpaid", 2, /neither true nor false/, /true or false/],
  ["[aicf]\nname = 5", "aicf.name", 2, /number, not a text/, /quotation marks/],
  ["[aicf]\nname = 2026-01-01", "aicf.name", 2, /a date, not a text/, /text/],
  ['[presence]\nschedule = "Mon-Fri 18:00-23:00"', "presence.schedule", 2, /not a list/, /brackets/],
  ["[presence]\nschedule = [1, 2]", "presence.schedule", 2, /holds a number/, /\["one", "two"\]/],
  ['[models]\nallow = ["a,b"]', "models.allow", 2, /"," in it/, /text of its own/],
  ["[gpu]\nbackend = 1", "gpu.backend", 2, /a number, not a text/, /"auto"/],
  ["[work]\nkeep_alive = true", "work.keep_alive", 2, /not a length of time/, /5m/],
  ["[models]\ndisk_limit = false", "models.disk_limit", 2, /not a size/, /2G/],
  // Values out of bounds.
  ["[work]\nbatch_size = 0", "work.batch_size", 2, /less than 1/, /from 1 to 256/],
  ["[work]\nmax_concurrency = 100000", "work.max_concurrency", 2, /more than 256/, /from 1 to 256/],
  ["[control]\nport = 70000", "control.port", 2, /not a port/, /65535/],
  ['[gpu]\nbackend = "opencl"', "gpu.backend", 2, /none of the choices/, /cuda/],
  ['[gpu]\nbackend = "rocm"', "gpu.backend", 2, /experimental/, /webgpu/],
  ['[work]\nkeep_alive = "5 minutes"', "work.keep_alive", 2, /not a length of time/, /90s, 5m or 1h/],
  ['[work]\nkeep_alive = "2d"', "work.keep_alive", 2, /too long/, /from 0s/],
  ['[models]\ndisk_limit = "20 apples"', "models.disk_limit", 2, /not a size/, /500M or 2G/],
  ['[models]\ndownload_rate = "0"', "models.download_rate", 2, /is nothing/, /above 0/],
  ["[energy]\nprice = -0.3", "energy.price", 2, /not a price/, /0\.31/],
  ["[energy]\nprice = 0.12345678", "energy.price", 2, /not a price/, /0\.31/],
  ["[energy]\nprice = 310", "energy.price", 2, /not a price/, /up to 100/],
  ['[energy]\ncurrency = "Euro"', "energy.currency", 2, /no currency/, /three letters/],
  ['[energy]\nsecond_hours = "22-6"', "energy.second_hours", 2, /no clock shows/, /22:00-06:00/],
  ['[energy]\nsecond_hours = "25:00-06:00"', "energy.second_hours", 2, /no clock shows/, /22:00-06:00/],
  ['[energy]\nsecond_hours = "06:00-06:00"', "energy.second_hours", 2, /begin when they end/, /22:00-06:00/],
  [
    '[presence]\nschedule = ["Mo-Fr 18:00-23:00"]',
    "presence.schedule",
    2,
    /names a day "mo-fr"/,
    /Mon-Fri 18:00-23:00/,
  ],
  ['[presence]\nschedule = ["Mon 18:00 23:00"]', "presence.schedule", 2, /not days and hours/, /Mon-Fri/],
  [
    "[presence]\ntemperature_limit = 30",
    "presence.temperature_limit",
    2,
    /cooler than any card/,
    /0 for none/,
  ],
  ['[aitbc]\ngpu_url = "127.0.0.1:8101"', "aitbc.gpu_url", 2, /no http/, /http:\/\/127/],
  ['[aitbc]\ngpu_url = "http://user:pass@host"', "aitbc.gpu_url", 2, /user name or password/, /before the @/],
  ['[aitbc]\nwallet = "me"', "aitbc.wallet", 2, /not an AITBC address/, /0x/],
  ['[aicf]\nauto_stake = "lots"', "aicf.auto_stake", 2, /not an amount/, /100/],
  ['[log]\nlevel = "loud"', "log.level", 2, /none of the choices/, /trace, debug/],
  // Secrets are never repeated.
  [
    '[aitbc]\ngpu_url = "http://127.0.0.1:8101"\napi_key = "your-key-here"',
    "aitbc.api_key",
    3,
    /placeholder/,
    /operator/,
  ],
  ['[aicf]\nsecret = "short"', "aicf.secret", 2, /shorter than 16/, /openssl/],
  ...["aitbc.gpu_url", "traces.endpoint"].flatMap((key) => {
    const [section, name] = key.split(".");
    const written = (value: string) => `[${section}]\n${name} = "${value}"`;
    return [
      [written(`https://ann:${SECRET}@host/api`), key, 2, /user name or password/, /before the @/],
      [written(`https://${SECRET}@host`), key, 2, /user name or password/, /before the @/],
      [written(`ann:${SECRET}@host:8700`), key, 2, /no http/, /http:\/\//],
      [written(`ftp://ann:${SECRET}@host`), key, 2, /starts with ftp/, /http:\/\//],
      [written(`https://ann:${SECRET}/@@host:x`), key, 2, /not an address/, /http:\/\//],
      [written(`https://host/?k=${SECRET}`), key, 2, /a \? or # part/, /base address/],
      [written(`https://host/#${SECRET}`), key, 2, /a \? or # part/, /base address/],
    ] as const;
  }),
  [`[aicf]\nsecret = ${SECRET}`, "", 2, /is no TOML/, /column/],
  [`[aicf]\nsecret = "${SECRET}`, "", 2, /is no TOML/, /column/],
  [`[aicf]\nsecret "${SECRET}"`, "", 2, /is no TOML/, /column/],
  [`[aicf]\nsecret = "${SECRET}" "${SECRET}"`, "", 2, /is no TOML/, /column/],
  [`[aicf]\nsecret = "a\\q${SECRET}"`, "", 2, /is no TOML/, /column/],
  [`[aicf]\nsecret = ["${SECRET}"]`, "aicf.secret", 2, /a list, not a text/, /text/],
  [`[aicf]\nsecret: "${SECRET}"`, "", 2, /is no TOML/, /column/],
  [`[aicf]\nsecrets = "${SECRET}"`, "aicf.secrets", 2, /no setting/, /aicf\.secret/],
  [`PROVIDER_SECRET = "${SECRET}"`, "PROVIDER_SECRET", 1, /name of the environment/, /aicf\.secret/],
];

export const WRONG_YAML: readonly (readonly [text: string, ...Expected])[] = [
  ["work:\n  batch_size: [4\n", "", 3, /is no YAML/, /column/],
  ["work:\n  batch_size: 4\n  batch_size: 5\n", "", 3, /is no YAML: map keys must be unique/i, /column/],
  ["- work\n", "", null, /no settings/, /batch_size: 4/],
  ["just words\n", "", null, /no settings/, /batch_size: 4/],
  ["work:\n  # how many\n  batch_size: many\n", "work.batch_size", 3, /text, not a number/, /from 1 to 256/],
  ["work:\n  batchsize: 4\n", "work.batchsize", 2, /no setting/, /batch_size under \[work\]/],
  [
    "presence:\n  pause_on_battery: nope\n",
    "presence.pause_on_battery",
    2,
    /neither true nor false/,
    /true or false/,
  ],
  ["aicf:\n  queue_url:\n    - http://a\n", "aicf.queue_url", 2, /a list, not a text/, /8700/],
  // Passwords begin with whatever their generator chose, and YAML reads some of that as its own.
  [`aicf:\n  secret: *${SECRET}\n`, "", null, /is no YAML/, /quotation marks/],
  [`aicf:\n  secret: @${SECRET}\n`, "", 2, /is no YAML/, /column/],
  [`aicf:\n  secret: %${SECRET}\n`, "", 2, /is no YAML/, /column/],
  [`aicf:\n  secret: "a" ${SECRET}\n`, "", 2, /is no YAML/, /column/],
  [`aicf:\n  secret: "${SECRET}\n`, "", 3, /is no YAML/, /column/],
  [`aicf:\n  secret: "\\q${SECRET}"\n`, "", 2, /is no YAML/, /column/],
  [`aicf:\n  secret: {${SECRET}\n`, "", 3, /is no YAML/, /column/],
  [`aicf:\n  secret: a: ${SECRET}\n`, "", 2, /is no YAML/, /column/],
  [`aicf:\n  secret: [${SECRET}]\n`, "aicf.secret", 2, /a list, not a text/, /text/],
  [`${SECRET}\n`, "", null, /no settings/, /batch_size: 4/],
];

export const WRONG_ENVIRONMENT: readonly (readonly [
  env: Record<string, string>,
  name: string,
  reason: RegExp,
  fix: RegExp,
])[] = [
  [{ MAX_CONCURRENCY: "lots" }, "MAX_CONCURRENCY", /not a whole number/, /1 to 256/],
  [{ BATCH_SIZE: "0" }, "BATCH_SIZE", /less than 1/, /1 to 256/],
  [{ BELLOWS_PORT: "http" }, "BELLOWS_PORT", /not a port/, /65535/],
  [{ GPU_BACKEND: '"cuda"' }, "GPU_BACKEND", /quotation marks/, /Take the quotation marks away/],
  [{ AICF_RPC_WS: "http://127.0.0.1" }, "AICF_RPC_WS", /no ws/, /ws:\/\//],
  [{ BELLOWS_CONFIG: "settings.json" }, "BELLOWS_CONFIG", /neither in \.toml nor in \.yaml/, /ending/],
  [{ LOG_LEVEL: "verbose" }, "LOG_LEVEL", /none of the choices/, /debug/],
  [{ BELLOWS_DRAIN_TIMEOUT: "soon" }, "BELLOWS_DRAIN_TIMEOUT", /not a length of time/, /90s/],
  [{ BELLOWS_LANGUAGE: "fr" }, "BELLOWS_LANGUAGE", /none of the choices/, /system, en, de/],
  [{ BELLOWS_ENERGY_PRICE: "31 cent" }, "BELLOWS_ENERGY_PRICE", /not a price/, /0\.31/],
  [{ BELLOWS_SCHEDULE: "always" }, "BELLOWS_SCHEDULE", /not days and hours/, /Mon-Fri/],
  [{ BELLOWS_KEY_PASSPHRASE: "short" }, "BELLOWS_KEY_PASSPHRASE", /shorter than 12/, /four words/],
  [
    { AICF_QUEUE_URL: `https://ann:${SECRET}@host` },
    "AICF_QUEUE_URL",
    /user name or password/,
    /before the @/,
  ],
  [{ AICF_RPC_WS: `wss://ann:${SECRET}@host` }, "AICF_RPC_WS", /user name or password/, /before the @/],
  [{ AICF_RPC_WS: `ann:${SECRET}@host` }, "AICF_RPC_WS", /no ws/, /ws:\/\//],
  [{ AITBC_RPC_URL: `https://host/?key=${SECRET}` }, "AITBC_RPC_URL", /a \? or # part/, /base address/],
  [{ BELLOWS_OLLAMA: `http://ann:${SECRET}@127.0.0.1:11434` }, "BELLOWS_OLLAMA", /./, /./],
  [{ PROVIDER_SECRET: `"${SECRET}"` }, "PROVIDER_SECRET", /quotation marks/, /Take the quotation/],
  [{ PROVIDER_SECRET: `${SECRET} # mine` }, "PROVIDER_SECRET", /comment behind/, /line of its own/],
  [{ BELLOWS_KEY_PASSPHRAS: SECRET }, "BELLOWS_KEY_PASSPHRAS", /no setting/, /BELLOWS_KEY_PASSPHRASE/],
];

/** Files of NAME=value lines, as services get them. */
export const WRONG_ENVIRONMENT_FILE: readonly (readonly [text: string, ...Expected])[] = [
  [`PROVIDER_SECRET: ${SECRET}`, "", 1, /no line of the form NAME=value/, /NAME=value/],
  [`PROVIDER SECRET=${SECRET}`, "", 1, /no line of the form NAME=value/, /NAME=value/],
  [`# mine\n${SECRET}`, "", 2, /no line of the form NAME=value/, /NAME=value/],
  [`PROVIDER_SECRET=${SECRET} # mine`, "PROVIDER_SECRET", 1, /comment behind/, /line of its own/],
  [`AITBC_RPC_URL=https://ann:${SECRET}@host`, "AITBC_RPC_URL", 1, /user name or password/, /before the @/],
  [`BELLOWS_KEY_PASSPHRAS=${SECRET}`, "BELLOWS_KEY_PASSPHRAS", 1, /no setting/, /BELLOWS_KEY_PASSPHRASE/],
];

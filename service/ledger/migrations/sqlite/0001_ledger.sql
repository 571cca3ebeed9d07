-- Amounts are integers as text: units in millionths, money in 10^-18 of the currency. They outgrow 64 bits. Instants are
-- microseconds since 1970. Texts are compared byte by byte.

CREATE TABLE streams (
  id       INTEGER PRIMARY KEY,
  ruleset  TEXT NOT NULL,
  source   TEXT NOT NULL,
  UNIQUE (ruleset, source)
) STRICT;

CREATE TABLE customers (
  id       INTEGER PRIMARY KEY,
  ruleset  TEXT NOT NULL,
  subject  TEXT NOT NULL,
  UNIQUE (ruleset, subject)
) STRICT;

-- An evaluation, or a void of the entry whose sequence is in `voids`. `data` is the event's, `answer` the evaluation, both
-- JSON; `day` is the calendar day in the ruleset's zone, from 1970-01-01; `interactions` are the lines' names with a space around each; `content` and `chain` are SHA-256.
CREATE TABLE entries (
  sequence      INTEGER PRIMARY KEY,
  stream        INTEGER NOT NULL,
  event_id      TEXT NOT NULL,
  customer      INTEGER NOT NULL,
  day           INTEGER NOT NULL,
  time          INTEGER NOT NULL,
  type          TEXT NOT NULL,
  data          TEXT NOT NULL,
  version       INTEGER NOT NULL,
  currency      TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  interactions  TEXT NOT NULL,
  answer        TEXT NOT NULL,
  recorded      INTEGER NOT NULL,
  content       BLOB NOT NULL,
  writer        INTEGER NOT NULL,
  number        INTEGER NOT NULL,
  chain         BLOB NOT NULL,
  voids         INTEGER
) STRICT;

CREATE UNIQUE INDEX entries_by_key ON entries (stream, event_id) WHERE voids IS NULL;
CREATE UNIQUE INDEX entries_by_voided ON entries (voids) WHERE voids IS NOT NULL;

-- Days come first, here and in `usage`: what is added now then lies close together, however many customers there are, and a
-- customer's month is one look-up a day.
CREATE INDEX entries_by_day ON entries (day, customer, time);

-- `version` is the only one that moved the counter, 0 where several did.
CREATE TABLE counters (
  ruleset  TEXT NOT NULL,
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  version  INTEGER NOT NULL,
  PRIMARY KEY (ruleset, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
  day          INTEGER NOT NULL,
  customer     INTEGER NOT NULL,
  interaction  TEXT NOT NULL,
  noun         TEXT NOT NULL,
  events       INTEGER NOT NULL,
  units        TEXT NOT NULL,
  price        TEXT NOT NULL,
  PRIMARY KEY (day, customer, interaction, noun)
) STRICT, WITHOUT ROWID;

CREATE TABLE refused (
  sequence    INTEGER PRIMARY KEY,
  ruleset     TEXT NOT NULL,
  event       TEXT NOT NULL,
  reason      TEXT NOT NULL,
  violations  TEXT NOT NULL,
  recorded    INTEGER NOT NULL
) STRICT;

-- `position` rises with every publication. One that took the place of another, which no entry named, leaves it here as
-- replaced.
CREATE TABLE publications (
  position   INTEGER PRIMARY KEY,
  ruleset    TEXT NOT NULL,
  version    INTEGER NOT NULL,
  effective  INTEGER NOT NULL,
  text       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  published  INTEGER NOT NULL,
  used       INTEGER NOT NULL DEFAULT 0,
  replaced   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Versions that an entry names, published or not.
CREATE TABLE used_versions (
  ruleset  TEXT NOT NULL,
  version  INTEGER NOT NULL,
  PRIMARY KEY (ruleset, version)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX publications_in_place ON publications (ruleset, version) WHERE replaced = 0;

CREATE TABLE writers (
  id     INTEGER PRIMARY KEY,
  began  INTEGER NOT NULL,
  rows   INTEGER NOT NULL,
  chain  BLOB NOT NULL
) STRICT;

-- iu_core: the intent journal and the bookkeeping around it (runtime.md, "Tables" and "Opening a run").
-- None of it is a governed surface; all of it only ever grows.

-- Copied from domain/surfaces.ts and domain/dots.ts by the installer.
create table iu_core.surface (
  surface text primary key,
  relation text not null,
  governed_table text,
  key_columns text[] not null,
  assigned_columns text[] not null,
  status_column text,
  dead_values text[] not null default '{}',
  kind text not null check (kind in ('state', 'history', 'catalog', 'bookkeeping'))
);

create table iu_core.dot (
  dot_code text primary key,
  bin text not null unique,
  login name not null unique,
  ledgers boolean not null
);

-- The matrix: which DOT may do which operation on which surface.
create table iu_core.dot_surface (
  dot_code text not null references iu_core.dot (dot_code),
  surface text not null references iu_core.surface (surface),
  operation text not null check (operation in ('insert', 'update', 'reinstate', 'retire')),
  primary key (dot_code, surface, operation)
);

create table iu_core.dot_run (
  request_id text primary key check (request_id ~ '^[0-9a-f]{64}$'),
  dot_code text not null references iu_core.dot (dot_code),
  kind text not null check (kind in ('step', 'propose', 'vote', 'consume')),
  step text not null,
  direction text not null check (direction in ('apply', 'retire')),
  stack text not null,
  resource text not null,
  subject text not null,
  deltas jsonb not null,
  delta_digest text not null,
  observed jsonb not null default '[]',
  outcome text not null default 'intent' check (outcome in ('intent', 'applied')),
  intent_xid xid8 not null default pg_current_xact_id(),
  xid xid8,
  applied_seq bigint unique,
  login name not null default session_user,
  started_at timestamptz not null default clock_timestamp(),
  applied_at timestamptz
);
create index dot_run_subject on iu_core.dot_run (subject) where outcome = 'applied';
create index dot_run_xid on iu_core.dot_run (xid);

-- Which stack and resource owns a live row, and what its DOT last wrote there.
create table iu_core.claim (
  surface text not null references iu_core.surface (surface),
  key text not null,
  stack text not null,
  resource text not null,
  image jsonb,
  request_id text not null references iu_core.dot_run (request_id),
  status text not null check (status in ('live', 'released')),
  primary key (surface, key)
);

-- The schema objects that a DOT may make, by name, with their source (domain/objects.ts, copied by the installer) …
create table iu_core.object_definition (
  name text primary key,
  kind text not null check (kind in ('schema', 'table', 'function', 'view')),
  source text not null,
  source_sha256 text not null check (source_sha256 ~ '^[0-9a-f]{64}$')
);

-- … and what the catalogue said right after it was made, so that a later change of the body is seen.
create table iu_core.created_object (
  name text primary key references iu_core.object_definition (name),
  source_sha256 text not null,
  catalog_sha256 text not null,
  request_id text not null references iu_core.dot_run (request_id)
);

-- What owners signed about plans, each in a login of his own …
create table iu_core.plan_statement (
  seq bigint generated always as identity,
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  statement jsonb not null,
  signature text not null,
  approver name not null default session_user,
  written_at timestamptz not null default now()
);

-- … and the runs that it is about.
create table iu_core.approved_delta (
  sha256 text not null references iu_core.plan_statement (sha256),
  stack text not null,
  step text not null,
  direction text not null check (direction in ('apply', 'retire')),
  resource text not null,
  delta_digest text not null check (delta_digest ~ '^[0-9a-f]{64}$'),
  approver name not null default session_user,
  decision text not null check (decision in ('approve', 'deny')),
  expires_at timestamptz not null,
  written_at timestamptz not null default now(),
  primary key (sha256, step, resource, delta_digest)
);
create index approved_delta_of_run on iu_core.approved_delta (delta_digest, step);

create table iu_core.baseline (
  seq bigint generated always as identity primary key,
  runtime text not null default 'c1' check (runtime = 'c1'),
  stack text not null,
  status text not null check (status in ('open', 'closed')),
  journal_position bigint not null,
  counters jsonb not null,
  digests jsonb not null,
  recorded_at timestamptz not null default now()
);

create table iu_core.setting (
  name text primary key,
  value text not null
);

create table iu_core.install (
  seq bigint generated always as identity primary key,
  migration text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  guard_digest text,
  bins jsonb,
  -- A digest of every surface as it was installed, with everything undone that runs did.
  digests jsonb,
  installed_at timestamptz not null default now()
);

-- The governed tables (runtime.md, "Tables"). They belong to c1_gateway, which nobody can log in as.
-- Columns that only the runtime can make (ids, times, generated codes) are listed as `assigned` in domain/surfaces.ts.

create table public.dot_tools (
  id integer generated always as identity primary key,
  code text not null unique,
  name text not null,
  category text not null,
  coverage_status text not null,
  file_path text not null,
  trigger text not null,
  status text not null default 'active',
  last_executed timestamptz,
  created_at timestamptz not null default now()
);

create table public.dot_agent_api_contract (
  id integer generated always as identity primary key,
  dot_code text not null unique,
  operation text not null,
  role text not null check (role in ('producer', 'verifier')),
  paired_dot text not null,
  mode text not null,
  output_namespace text not null,
  no_mutation_assertion boolean not null,
  endpoint_ref text,
  error_behavior text not null,
  observation_write_policy text not null,
  contract_status text not null,
  created_at timestamptz not null default now()
);

-- Directus' own metadata tables, in Directus' shape.
create table public.directus_collections (
  collection varchar(64) primary key,
  icon varchar(64),
  note text,
  display_template varchar(255),
  hidden boolean not null default false,
  singleton boolean not null default false,
  translations json,
  archive_field varchar(64),
  archive_app_filter boolean not null default true,
  archive_value varchar(255),
  unarchive_value varchar(255),
  sort_field varchar(64),
  accountability varchar(255) default 'all',
  color varchar(255),
  item_duplication_fields json,
  sort integer,
  "group" varchar(64) references public.directus_collections (collection),
  collapse varchar(255) not null default 'open',
  preview_url varchar(255),
  versioning boolean not null default false
);

create table public.directus_fields (
  id integer generated always as identity primary key,
  collection varchar(64) not null,
  field varchar(64) not null,
  special varchar(64),
  interface varchar(64),
  options json,
  display varchar(64),
  display_options json,
  readonly boolean not null default false,
  hidden boolean not null default false,
  sort integer,
  width varchar(30) default 'full',
  translations json,
  note text,
  conditions json,
  required boolean default false,
  "group" varchar(64),
  validation json,
  validation_message text,
  unique (collection, field)
);

create table public.collection_registry (
  id integer generated always as identity primary key,
  code text not null unique check (code ~ '^COL-[0-9]{3,}$'),
  collection text not null unique,
  governance_role text not null,
  species_code text not null,
  migration_state text not null,
  status text not null default 'active',
  created_at timestamptz not null default now()
);

create table public.table_registry (
  id integer generated always as identity primary key,
  schema text not null,
  table_name text not null,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  unique (schema, table_name)
);

create table public.meta_catalog (
  id integer generated always as identity primary key,
  code text not null unique,
  name text not null,
  record_count integer not null check (record_count >= 0),
  status text not null default 'active',
  updated_at timestamptz not null default now()
);

create table public.species (
  code text primary key check (code ~ '^[a-z][a-z0-9-]{1,62}$'),
  name text not null,
  owner text not null,
  description text not null,
  status text not null default 'active',
  created_at timestamptz not null default now()
);

create table public.birth_registry (
  dot_code text primary key,
  species_code text not null references public.species (code),
  born_by text not null,
  birth_path text not null,
  reuse_reason text not null,
  status text not null default 'born',
  born_at timestamptz not null default now()
);

create table public.admission_record (
  dot_code text primary key,
  authority text not null,
  risk_class text not null check (risk_class in ('low', 'medium', 'high')),
  admission_path text not null,
  registration_path text not null,
  retire_path text not null,
  status text not null default 'admitted',
  admitted_at timestamptz not null default now()
);

-- The DOT-manage handbook: append-only, hash-chained; a newer entry on the same subject supersedes the older one.
create table public.dot_ledger (
  seq bigint primary key,
  subject text not null,
  entry_kind text not null check (entry_kind in ('admission', 'registration', 'run')),
  direction text not null check (direction in ('apply', 'retire')),
  dot_code text not null,
  image_hash text not null check (image_hash ~ '^[0-9a-f]{64}$'),
  request_id text,
  supersedes bigint references public.dot_ledger (seq),
  prev_hash text not null,
  entry_hash text not null unique,
  written_by name not null default session_user,
  written_at timestamptz not null default now()
);
create index dot_ledger_subject on public.dot_ledger (subject, seq desc);

create table public.apr_action_types (
  id integer generated always as identity primary key,
  action_code text not null unique,
  act_type text not null,
  protocol_version text not null default '1',
  status text not null,
  handler_ref text not null
);

create table public.apr_requests (
  apr_code text primary key,
  request_type text not null,
  action_code text not null references public.apr_action_types (action_code),
  proposed_action jsonb not null,
  proposer text not null,
  proposer_signature text not null,
  risk_class text not null default 'high' check (risk_class in ('low', 'medium', 'high')),
  status text not null,
  created_at timestamptz not null default now(),
  applied_at timestamptz
);

-- A patch carries a whole file, which every readback digests: not to be unpacked each time.
alter table public.apr_requests alter column proposed_action set storage external;

-- A vote may come before its request, whose code is made of its content: an owner approves a plan, and what it will ask for.
create table public.apr_approvals (
  apr_code text not null,
  voter text not null,
  decision text not null check (decision in ('approve', 'deny')),
  signature text not null,
  at timestamptz not null default now(),
  primary key (apr_code, voter)
);

-- A raw table, not a Directus collection (seed 002 §8).
create table public.governance_build_authorization (
  auth_code text primary key,
  carrier text not null,
  lane text not null,
  plan_ref text not null,
  manifest_hash text not null check (manifest_hash ~ '^[0-9a-f]{64}$'),
  action_set text[] not null,
  scope jsonb not null,
  status text not null check (status in ('active', 'consumed', 'revoked', 'expired')),
  single_use boolean not null,
  commit_allowed boolean not null,
  requires_sovereign_esign boolean not null,
  request_ref text not null unique references public.apr_requests (apr_code),
  granted_at timestamptz not null default now(),
  expires_at timestamptz not null,
  consumed_at timestamptz,
  revoked_at timestamptz,
  rollback_plan_ref text not null,
  check (expires_at > granted_at)
);
create unique index one_live_grant_per_carrier on public.governance_build_authorization (carrier)
  where status = 'active';

create table public.governance_object_ownership (
  object text primary key,
  owner text not null,
  authority text not null,
  status text not null default 'active',
  assigned_at timestamptz not null default now()
);

create table public.vps_deploy_log (
  id integer generated always as identity primary key,
  file text not null,
  request_ref text not null,
  version text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  status text not null,
  is_known_good boolean not null,
  deployed_at timestamptz not null default now()
);

create table public.dot_runtime_gate (
  gate text primary key default 'global' check (gate = 'global'),
  dry_run_only boolean not null,
  execute_enabled boolean not null,
  real_run_enabled boolean not null,
  updated_at timestamptz not null default now()
);

create table public.kb_document (
  doc_id text not null,
  revision integer not null check (revision > 0),
  title text not null,
  body jsonb not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  -- Of a package beside the document, which only who wrote it knows.
  package_sha256 text check (package_sha256 ~ '^[0-9a-f]{64}$'),
  status text not null,
  written_at timestamptz not null default now(),
  primary key (doc_id, revision)
);
